using System.Text;

namespace Dcron.Cli.Output;

/// <summary>
/// Lets a script's output through to a terminal with its colours (SGR, <c>ESC [ … m</c>) and without anything else that steers one: cursor
/// movement, window titles, clipboard writes, answers to be typed back. Takes the bytes in pieces of any size.
/// </summary>
internal sealed class TerminalLogFilter
{
    private const char Escape = '\x1b';
    private const int LongestParameters = 64;

    private readonly Decoder _decoder = new UTF8Encoding(false, throwOnInvalidBytes: false).GetDecoder();
    private readonly StringBuilder _parameters = new();
    private State _state;
    private bool _coloured;

    private enum State
    {
        Text,

        /// <summary>After ESC.</summary>
        Escaped,

        /// <summary>After ESC and an intermediate byte: one more ends it.</summary>
        Intermediate,

        /// <summary>Inside <c>ESC [</c>.</summary>
        Control,

        /// <summary>Inside OSC, DCS, SOS, PM or APC: runs up to BEL or ST.</summary>
        String,

        /// <summary>An ESC inside a string: ST if a backslash follows.</summary>
        StringEscaped,
    }

    /// <returns>What may be shown, UTF-8; possibly nothing.</returns>
    public byte[] Filter(ReadOnlySpan<byte> bytes) => Filter(bytes, flush: false);

    /// <returns>What is left at the end, and a reset of the colours if any were set.</returns>
    public byte[] Finish()
    {
        var rest = Filter([], flush: true);
        return _coloured ? [.. rest, .. "\x1b[0m"u8] : rest;
    }

    private byte[] Filter(ReadOnlySpan<byte> bytes, bool flush)
    {
        var chars = new char[_decoder.GetCharCount(bytes, flush)];
        var count = _decoder.GetChars(bytes, chars, flush);
        var shown = new StringBuilder(count);
        foreach (var c in chars.AsSpan(0, count))
            Take(c, shown);

        return Encoding.UTF8.GetBytes(shown.ToString());
    }

    private void Take(char c, StringBuilder shown)
    {
        // A line break or a cancel ends whatever was begun: an escape that is never closed must not swallow the rest of the log.
        if (c is '\n' or '\x18' or '\x1a')
        {
            _state = State.Text;
            if (c == '\n')
                shown.Append(c);
            return;
        }

        switch (_state)
        {
            case State.Text:
                TakeText(c, shown);
                break;
            case State.Escaped:
                _state = c switch
                {
                    '[' => BeginControl(),
                    ']' or 'P' or 'X' or '^' or '_' => State.String,
                    >= ' ' and <= '/' => State.Intermediate,
                    Escape => State.Escaped,
                    _ => State.Text,
                };
                break;
            case State.Intermediate:
                _state = c is >= ' ' and <= '/' ? State.Intermediate : State.Text;
                break;
            case State.Control:
                TakeControl(c, shown);
                break;
            case State.String:
                _state = c switch
                {
                    '\a' or '\x9c' => State.Text,
                    Escape => State.StringEscaped,
                    _ => State.String,
                };
                break;
            case State.StringEscaped:
                _state = State.Escaped;
                if (c == '\\')
                    _state = State.Text;
                else
                    Take(c, shown);
                break;
            default:
                throw new System.Diagnostics.UnreachableException($"{_state}");
        }
    }

    private void TakeText(char c, StringBuilder shown)
    {
        switch (c)
        {
            case Escape:
                _state = State.Escaped;
                break;
            case '\x9b': // the same introducers in one character each
                _state = BeginControl();
                break;
            case '\x90' or '\x98' or '\x9d' or '\x9e' or '\x9f':
                _state = State.String;
                break;
            case '\t' or '\r':
                shown.Append(c);
                break;
            default:
                if (!char.IsControl(c))
                    shown.Append(c);
                break;
        }
    }

    private void TakeControl(char c, StringBuilder shown)
    {
        if (c is >= '@' and <= '~')
        {
            _state = State.Text;
            if (c != 'm' || _parameters.Length > LongestParameters || !OnlyNumbers())
                return;

            shown.Append(Escape).Append('[').Append(_parameters).Append('m');
            _coloured = true;
        }
        else if (c == Escape)
        {
            _state = State.Escaped;
        }
        else if (_parameters.Length <= LongestParameters)
        {
            _parameters.Append(c);
        }
    }

    private bool OnlyNumbers()
    {
        for (var i = 0; i < _parameters.Length; i++)
        {
            if (!char.IsAsciiDigit(_parameters[i]) && _parameters[i] is not (';' or ':'))
                return false;
        }

        return true;
    }

    private State BeginControl()
    {
        _parameters.Clear();
        return State.Control;
    }
}
