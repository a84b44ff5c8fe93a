using System.Text.RegularExpressions;

namespace Dcron.Tests.Browser;

/// <summary>The names of the fields that the page of a new job shows, as its source says.</summary>
internal static partial class JobFormFields
{
    public static IReadOnlyCollection<string> Shown { get; } = Read();

    private static HashSet<string> Read()
    {
        var page = File.ReadAllText(Path.Combine(Repository.Root, "Dcron.Api/Console/Pages/JobFormPage.razor"));
        var names = Name().Matches(page).Select(match => match.Groups[1].Value).ToHashSet(StringComparer.Ordinal);
        names.UnionWith(Dcron.Api.Console.Editing.Policy.All.Select(policy => policy.Field)); // in a loop
        return names;
    }

    [GeneratedRegex("(?:Name|name)=\"([a-z_.]+)\"")]
    private static partial Regex Name();
}
