namespace Dcron.Grains.Access;

/// <summary>Names that people choose and other people read.</summary>
internal static class ReadableName
{
    /// <summary>Whether it reads as it is written: without control characters, line breaks, and what turns the text around it about (as in <c>fdp.exe</c> for <c>exe.pdf</c>).</summary>
    public static bool Is(string name) =>
        !name.Any(c => char.IsControl(c) || c is '\u2028' or '\u2029' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069'));
}
