using Dcron.Grains.Secrets;

namespace Dcron.Grains.Processes;

internal sealed partial class SpooledLog
{
    private static readonly byte[] BeginErrors = "\e[31m"u8.ToArray();
    private static readonly byte[] EndErrors = "\e[39m"u8.ToArray();

    private LogRedactor? _errorsRedactor;
    private LogRedactor.Sink? _keepErrors;
    private byte[]? _composed;
    private int _composedLength;
    private bool _errorsCameLast;
    private bool _markIsOpen;

    /// <summary>Appends what came by standard error, with a mark around each piece of a line. The marks count towards the limit.</summary>
    public void AppendErrors(ReadOnlySpan<byte> bytes)
    {
        lock (_lock)
        {
            _errorsCameLast = true;
            _keepErrors ??= KeepErrors;
            _composed ??= GC.AllocateUninitializedArray<byte>(16 * 1024);
            if (_secrets is null)
            {
                KeepErrors(bytes);
            }
            else
            {
                // One of its own: a secret that one stream is in the middle of must be known whatever the other prints meanwhile.
                (_errorsRedactor ??= new LogRedactor(_secrets)).Write(bytes, _keepErrors);
            }
        }
    }

    // The mark stays open from piece to piece: nothing must come between the halves of a character. Room for its end is left in any case.
    private void KeepErrors(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            var end = bytes.IndexOf((byte)'\n');
            var piece = end < 0 ? bytes : bytes[..end];
            if (piece.Length > 0)
            {
                if (!_markIsOpen && Room > BeginErrors.Length + EndErrors.Length)
                {
                    Compose(BeginErrors);
                    _markIsOpen = true;
                }

                ComposeKept(piece, _markIsOpen ? Room - EndErrors.Length : 0);
            }

            if (end < 0)
            {
                break;
            }

            if (_markIsOpen)
            {
                Compose(EndErrors);
                _markIsOpen = false;
            }

            ComposeKept(bytes[end..(end + 1)], Room);
            bytes = bytes[(end + 1)..];
        }

        WriteComposed();
    }

    private void ComposeKept(ReadOnlySpan<byte> bytes, long room)
    {
        var kept = (int)Math.Clamp(room, 0, bytes.Length);
        Compose(bytes[..kept]);
        _discarded += bytes.Length - kept;
    }

    // Many short lines are written at once: the thread that reads them reads for all scripts.
    private void Compose(ReadOnlySpan<byte> bytes)
    {
        while (bytes.Length > 0)
        {
            if (_composedLength == _composed!.Length)
            {
                WriteComposed();
            }

            var fits = Math.Min(bytes.Length, _composed.Length - _composedLength);
            bytes[..fits].CopyTo(_composed.AsSpan(_composedLength));
            _composedLength += fits;
            bytes = bytes[fits..];
        }
    }

    private void WriteComposed()
    {
        var missing = _composedLength - Write(_composed.AsSpan(0, _composedLength));
        if (missing > 0)
        {
            (_discarded, _markIsOpen) = (_discarded + missing, true); // the disk is full, perhaps in the middle of a mark
        }

        _composedLength = 0;
    }

    private void CloseMark()
    {
        if (_markIsOpen && Trouble is null)
        {
            _markIsOpen = Write(EndErrors) < EndErrors.Length;
        }
    }

    // What was held back for longer comes first.
    private void Flush()
    {
        if (_errorsCameLast)
        {
            _redactor?.Flush(_keep);
        }

        if (_keepErrors is not null)
        {
            _errorsRedactor?.Flush(_keepErrors);
        }

        if (!_errorsCameLast)
        {
            _redactor?.Flush(_keep);
        }

        CloseMark();
    }
}
