using System.Runtime.InteropServices;
using System.Text;

namespace Dcron.Grains.Processes.Native;

/// <summary>Strings for one native call, in one block: no allocation per string, one free for all.</summary>
internal sealed unsafe class NativeStrings : IDisposable
{
    private byte* _block;
    private byte* _next;

    /// <param name="bytes">Room for all texts in UTF-8 with their terminators.</param>
    /// <param name="pointers">Room for all arrays, their null terminators included.</param>
    public NativeStrings(int bytes, int pointers)
    {
        _block = (byte*)NativeMemory.Alloc((nuint)(bytes + ((pointers + 1) * sizeof(byte*))));
        _next = _block + (pointers * sizeof(byte*));
        Pointers = (byte**)_block;
    }

    public byte** Pointers { get; }

    /// <summary>Bytes that a text needs here at most.</summary>
    public static int Room(string text) => Encoding.UTF8.GetByteCount(text) + 1;

    public byte* Add(string text)
    {
        var start = _next;
        AddPart(text);
        *_next++ = 0;
        return start;
    }

    public byte* AddPair(string name, string value)
    {
        var start = _next;
        AddPart(name);
        *_next++ = (byte)'=';
        AddPart(value);
        *_next++ = 0;
        return start;
    }

    public void Dispose()
    {
        NativeMemory.Free(_block);
        _block = null;
    }

    private void AddPart(string text)
    {
        fixed (char* chars = text)
        {
            _next += Encoding.UTF8.GetBytes(chars, text.Length, _next, Encoding.UTF8.GetByteCount(text));
        }
    }
}
