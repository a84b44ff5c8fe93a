using System.Text.Encodings.Web;

namespace Dcron.Api.Pages;

/// <summary>Text that stands in a page as it is, and nothing else.</summary>
internal static class Html
{
    public static string Escape(string? text) => HtmlEncoder.Default.Encode(text ?? "");
}
