namespace Dcron.Grains.Processes.Native;

/// <summary>The reading or the writing ends of what a script prints to.</summary>
/// <param name="Output">For standard output; for standard error too where it has no pipe of its own.</param>
/// <param name="Errors">For standard error alone; null for the same pipe.</param>
internal readonly record struct OutputEnds(int Output, int? Errors)
{
    /// <summary>Makes one pipe, or two; reading never blocks.</summary>
    /// <param name="apart">Whether standard error gets a pipe of its own.</param>
    /// <param name="read">For the node, when all could be made.</param>
    /// <param name="write">For the script.</param>
    public static Errno Make(bool apart, out OutputEnds read, out OutputEnds write)
    {
        (read, write) = (new OutputEnds(-1, null), new OutputEnds(-1, null));
        var error = Pipes.Make(out var output, out var theirOutput);
        if (error is not Errno.None)
        {
            return error;
        }

        Pipes.NeverBlock(output);
        (read, write) = (new OutputEnds(output, null), new OutputEnds(theirOutput, null));
        if (!apart)
        {
            return Errno.None;
        }

        error = Pipes.Make(out var errors, out var theirErrors);
        if (error is not Errno.None)
        {
            read.Close();
            write.Close();
            return error;
        }

        Pipes.NeverBlock(errors);
        (read, write) = (read with { Errors = errors }, write with { Errors = theirErrors });
        return Errno.None;
    }

    public void Close()
    {
        _ = Libc.Close(Output);
        if (Errors is { } errors)
        {
            _ = Libc.Close(errors);
        }
    }
}
