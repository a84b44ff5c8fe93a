namespace Dcron.Grains.Processes.Native;

/// <summary>Tells a folder that is as good as new from one that somebody left something in.</summary>
internal static unsafe class FolderCheck
{
    private const int AtEmptyPath = 0x1000;
    private const uint WantModeAndOwner = 0x2 | 0x8;
    private const int OwnerOffset = 20; // struct statx
    private const int ModeOffset = 28;
    private const int EmptyListing = 48; // what getdents64 tells of "." and ".."

    /// <param name="path">The folder; a link is none.</param>
    /// <param name="mode">The permissions that it was made with.</param>
    /// <returns>True when it is empty, ours, and has these permissions and no others, default ones for new files included.</returns>
    public static bool IsAsNew(string path, uint mode)
    {
        var folder = Libc.Open(path, FolderRemoval.OpenFolder, 0);
        if (folder < 0)
        {
            return false;
        }

        var status = stackalloc byte[256];
        var listing = stackalloc byte[256];
        byte noName = 0;
        var isAsNew = Libc.StatX(folder, &noName, AtEmptyPath, WantModeAndOwner, status) == 0
            && (*(ushort*)(status + ModeOffset) & 0xfffu) == mode
            && *(uint*)(status + OwnerOffset) == Libc.GetEUid()
            && Libc.FListXAttr(folder, null, 0) <= 0
            && Libc.GetDents64(folder, listing, 256) == EmptyListing;
        _ = Libc.Close(folder);
        return isAsNew;
    }
}
