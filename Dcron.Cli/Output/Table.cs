using System.Text;
using Spectre.Console;

namespace Dcron.Cli.Output;

/// <summary>Rows for people. Every cell is made harmless on its way in.</summary>
internal sealed class Table(params string[] headers)
{
    private readonly List<Cell[]> _rows = [];

    /// <param name="Tone">How it looks where there are colours.</param>
    public readonly record struct Cell(string Text, Tone Tone = Tone.Plain)
    {
        public static implicit operator Cell(string text) => new(text);
    }

    public void Add(params Cell[] cells)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(cells.Length, headers.Length);
        _rows.Add([.. cells.Select(c => c with { Text = SafeText.Of(c.Text) })]);
    }

    /// <summary>For pipes and files: columns two spaces apart, no lines, nothing cut off, no trailing spaces.</summary>
    public string ToText()
    {
        var widths = headers.Select((h, i) => _rows.Select(r => r[i].Text.Length).Append(h.Length).Max()).ToArray();
        var text = new StringBuilder();
        foreach (var row in _rows.Select(r => r.Select(c => c.Text)).Prepend(headers))
        {
            var line = string.Join("  ", row.Select((cell, i) => cell.PadRight(widths[i])));
            text.Append(line.TrimEnd()).Append('\n');
        }

        return text.ToString();
    }

    /// <summary>For terminals: cells wrap to the width; the first column, which people copy, does not.</summary>
    public void RenderTo(IAnsiConsole console)
    {
        var table = new Spectre.Console.Table().Border(TableBorder.Simple);
        for (var i = 0; i < headers.Length; i++)
        {
            var column = new TableColumn(new Text(headers[i], new Style(decoration: Decoration.Bold)));
            table.AddColumn(i == 0 ? column.NoWrap() : column);
        }

        foreach (var row in _rows)
            table.AddRow(row.Select(c => new Text(c.Text, StyleOf(c.Tone))));
        console.Write(table);
    }

    private static Style StyleOf(Tone tone) => tone switch
    {
        Tone.Good => new Style(Color.Green),
        Tone.Bad => new Style(Color.Red),
        Tone.Busy => new Style(Color.Blue),
        Tone.Faint => new Style(decoration: Decoration.Dim),
        _ => Style.Plain,
    };
}

internal enum Tone
{
    Plain,
    Good,
    Bad,
    Busy,
    Faint,
}
