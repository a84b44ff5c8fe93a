using System.Text;
using Spectre.Console;

namespace Dcron.Cli.Output;

/// <summary>Writes to the shell: results to stdout, everything else to stderr.</summary>
internal sealed class Printer(Shell shell)
{
    private const int BrokenPipe = 32; // EPIPE of Linux and macOS
    private const int WindowsBrokenPipe = 109;
    private const int WindowsClosingPipe = 232;

    /// <summary>The API's answer, byte for byte, and one line feed.</summary>
    public void Json(ReadOnlySpan<byte> body)
    {
        if (body.IsEmpty)
            return;

        Bytes(body.TrimEnd(" \r\n\t"u8));
        Bytes("\n"u8);
    }

    /// <exception cref="BrokenPipeException">Nobody reads any more.</exception>
    public void Bytes(ReadOnlySpan<byte> bytes)
    {
        try
        {
            shell.Output.Write(bytes);
        }
        catch (IOException e) when ((e.HResult & 0xFFFF) is BrokenPipe or WindowsBrokenPipe or WindowsClosingPipe)
        {
            throw new BrokenPipeException(e);
        }
    }

    /// <summary>As it stands: for text that is harmless already.</summary>
    public void Text(string text) => Write(text);

    public void Line(string text) => Write(SafeText.Of(text) + "\n");

    public void Table(Table table)
    {
        if (!shell.OutputIsTerminal)
        {
            Write(table.ToText());
            return;
        }

        using var text = new StringWriter();
        table.RenderTo(ConsoleOver(text, shell.Colours, shell.Width));
        Write(text.ToString());
    }

    /// <summary>One thing in full: a line a field, names padded to one width. An empty name goes on with the field before.</summary>
    public void Fields(IReadOnlyList<(string Name, string Value)> fields)
    {
        var width = fields.Max(f => f.Name.Length) + 1;
        foreach (var (name, value) in fields)
            Write($"{(name.Length > 0 ? name + ":" : "").PadRight(width)}  {SafeText.Of(value)}\n");
    }

    /// <summary>For people, beside the result.</summary>
    public void Note(string text) => shell.Error.WriteLine("dcron: " + SafeText.Of(text));

    public void ErrorJson(byte[] body) => shell.Error.WriteLine(Encoding.UTF8.GetString(body).TrimEnd());

    /// <summary>As it stands: for text that is harmless already.</summary>
    public void ErrorLine(string text) => shell.Error.WriteLine(text);

    /// <summary>Runs something long behind a line on stderr that moves, if stderr is a terminal.</summary>
    /// <param name="work">Is handed a way to change the line.</param>
    public async Task<T> BehindLineAsync<T>(string line, Func<Action<string>, Task<T>> work)
    {
        if (!shell.ErrorIsTerminal || shell.Variable("TERM") is "dumb")
            return await work(_ => { });

        var console = ConsoleOver(shell.Error, string.IsNullOrEmpty(shell.Variable("NO_COLOR")), shell.Width);
        return await console.Status().StartAsync(Markup.Escape(SafeText.Of(line)),
            status => work(text => status.Status(Markup.Escape(SafeText.Of(text)))));
    }

    private void Write(string text) => Bytes(Encoding.UTF8.GetBytes(text));

    private static IAnsiConsole ConsoleOver(TextWriter writer, bool colours, int width)
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = AnsiSupport.Yes,
            ColorSystem = colours ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.Yes,
            Out = new AnsiConsoleOutput(writer),
        });
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = true;
        return console;
    }
}
