using Dcron.Api.Access;
using Dcron.Api.Console.SignIn;
using Dcron.Grains.Scheduling;
using Microsoft.AspNetCore.WebUtilities;

namespace Dcron.Api.Console;

/// <summary>Who looks at a page, how, and when.</summary>
/// <param name="Name">For people; null when nobody is signed in.</param>
/// <param name="CanOperate">May change jobs, run and cancel.</param>
/// <param name="IsAdmin">May also hand out keys and drain workers.</param>
/// <param name="Namespaces">Those that the viewer is limited to; null for all.</param>
/// <param name="CanSignOut">Signed in here with a key.</param>
/// <param name="Theme"><c>light</c> or <c>dark</c>; null for what the browser prefers.</param>
/// <param name="Zone">The zone that times are shown in.</param>
/// <param name="Now">The instant that ages are counted to.</param>
/// <param name="Path">Of the page.</param>
/// <param name="Query">Of the page, with its question mark.</param>
public sealed record Viewer(string? Name, bool CanOperate, bool IsAdmin, IReadOnlyList<string>? Namespaces, bool CanSignOut, string? Theme, TimeZoneInfo Zone, DateTimeOffset Now, string Path, string Query)
{
    /// <summary>Set by the page's script to the browser's own zone.</summary>
    public const string ZoneCookie = "dcron_zone";

    public const string ThemeCookie = "dcron_theme";

    internal static Viewer Of(HttpContext context)
    {
        var role = Caller.RoleOf(context.User);
        var zone = TimezoneName.TryFind(Uri.UnescapeDataString(context.Request.Cookies[ZoneCookie] ?? "UTC"), out var found, out _) ? found : TimeZoneInfo.Utc;
        return new Viewer(
            role is null ? null : Caller.NameOf(context.User),
            role >= Role.Operator,
            role >= Role.Admin,
            Caller.ScopeOf(context.User).Names,
            context.Request.Cookies.ContainsKey(Sessions.Cookie),
            context.Request.Cookies[ThemeCookie] is "light" or "dark" ? context.Request.Cookies[ThemeCookie] : null,
            zone,
            context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow(),
            context.Request.Path,
            context.Request.QueryString.ToUriComponent());
    }

    /// <summary>Whether what concerns the cluster as a whole is shown.</summary>
    public bool SeesAll => Namespaces is null;

    /// <summary>The page's own address, without word of what was done.</summary>
    public string Here => Address(pair => pair is not ("done" or "job"));

    /// <summary>The page's own address with one parameter changed; null takes it away. What is on a further page of the old list is left behind.</summary>
    public string With(string name, string? value)
    {
        var address = Address(key => key != name && key is not ("cursor" or "done" or "job"));
        return string.IsNullOrEmpty(value) ? address : QueryHelpers.AddQueryString(address, name, value);
    }

    private string Address(Func<string, bool> keeps) => QueryHelpers.AddQueryString(
        Path, QueryHelpers.ParseQuery(Query).Where(pair => keeps(pair.Key)).Select(pair => KeyValuePair.Create(pair.Key, (string?)pair.Value.ToString())));
}
