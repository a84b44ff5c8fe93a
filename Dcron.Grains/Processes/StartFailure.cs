using System.Text;
using Dcron.Grains.Processes.Native;

namespace Dcron.Grains.Processes;

/// <summary>Why a script could not be started, for people.</summary>
internal static class StartFailure
{
    /// <returns>What no process can be given; null when all is well.</returns>
    public static string? InWords(ScriptCommand command)
    {
        if (command.Arguments.Any(argument => argument.Contains('\0')))
        {
            return "An argument holds a NUL character, which no program can be given.";
        }

        var bad = command.Environment.FirstOrDefault(pair => pair.Key.Length == 0 || pair.Key.Contains('=') || pair.Key.Contains('\0') || pair.Value.Contains('\0'));
        return bad.Key is null ? null : $"The environment variable '{bad.Key}' can't be set: a name must not be empty nor hold '=', and neither name nor value a NUL character.";
    }

    /// <returns>What the kernel would refuse to a program that is started later, by another; null when all is well.</returns>
    public static string? TooLarge(ScriptCommand command)
    {
        const int longest = 128 * 1024, pointer = 8;
        long all = 0, most = 0;
        foreach (var text in command.Arguments.Append(command.Executable).Select(Encoding.UTF8.GetByteCount)
            .Concat(command.Environment.Select(pair => Encoding.UTF8.GetByteCount(pair.Key) + Encoding.UTF8.GetByteCount(pair.Value) + 1)))
        {
            (all, most) = (all + text + 1 + pointer, Math.Max(most, text + 1));
        }

        return most > longest || all > Libc.MostArguments ? InWords(command, Errno.E2BIG) : null;
    }

    public static string InWords(ScriptCommand command, Errno error) => error switch
    {
        Errno.ENOENT or Errno.ENOTDIR when !Directory.Exists(command.WorkingDirectory) => $"Its working folder {command.WorkingDirectory} does not exist.",
        Errno.ENOENT when File.Exists(command.Executable) => $"{command.Executable} can't be run: the interpreter or loader that it names does not exist.",
        Errno.ENOENT or Errno.ENOTDIR => $"{command.Executable} does not exist.",
        Errno.EACCES => $"{command.Executable} may not be executed, or its working folder not be entered ({error.Text()}).",
        Errno.ENOEXEC => $"{command.Executable} is not a program for this machine ({error.Text()}).",
        Errno.E2BIG => $"Its arguments and environment are larger than this machine allows ({error.Text()}).",
        Errno.ENOMEM => $"This machine has no memory for another process ({error.Text()}).",
        Errno.EAGAIN => $"This machine allows no further process now ({error.Text()}).",
        _ => $"{command.Executable} could not be started ({error.Text()}).",
    };
}
