using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Dcron.Api.Access;

/// <summary>
/// Slows down whoever tries keys: after <see cref="FreeTries"/> wrong ones from an address, one a second is looked at. A key that was right before
/// is always looked at, whatever comes from its address, so that nobody is locked out by others behind the same one.
/// </summary>
internal sealed class SignInThrottle(TimeProvider time)
{
    public const int FreeTries = 20;

    /// <summary>Where one more try is possible again.</summary>
    public const int RetryAfterSeconds = 1;

    private const int MostAddresses = 10_000;
    private const int MostKnown = 10_000;

    private readonly ConcurrentDictionary<string, Tries> _tries = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, bool> _known = new(StringComparer.Ordinal);

    /// <summary>How many addresses are remembered.</summary>
    internal int Remembered => _tries.Count;

    /// <summary>Whether a credential may be looked at now. Each that may is answered by <see cref="WasRight"/>, or was wrong.</summary>
    /// <param name="address">Where it comes from.</param>
    /// <param name="hash">Of the credential.</param>
    public bool MayTry(IPAddress? address, string hash)
    {
        if (_known.ContainsKey(hash))
            return true;

        if (_tries.Count >= MostAddresses)
            MakeRoom();
        return _tries.GetOrAdd(PlaceOf(address), _ => new Tries(time.GetTimestamp())).TryTake(time);
    }

    public void WasRight(IPAddress? address, string hash)
    {
        if (_known.Count >= MostKnown)
            _known.Clear();
        if (_known.TryAdd(hash, true) && _tries.TryGetValue(PlaceOf(address), out var tries))
            tries.GiveBack();
    }

    /// <summary>One customer of a provider has a whole /64 of IPv6.</summary>
    internal static string PlaceOf(IPAddress? address)
    {
        if (address is null)
            return "";
        if (address.IsIPv4MappedToIPv6)
            address = address.MapToIPv4();
        return address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)) : address.ToString();
    }

    // Addresses that have all their tries again are as good as forgotten. If none is, somebody has thousands of addresses, and this is no defence against him.
    private void MakeRoom()
    {
        foreach (var (place, tries) in _tries)
        {
            if (tries.IsFull(time))
                _tries.TryRemove(place, out _);
        }

        if (_tries.Count >= MostAddresses)
            _tries.Clear();
    }

    private sealed class Tries(long since)
    {
        private readonly Lock _lock = new();
        private double _left = FreeTries;
        private long _since = since;

        public bool TryTake(TimeProvider time)
        {
            lock (_lock)
            {
                Refill(time);
                if (_left < 1)
                    return false;
                _left--;
                return true;
            }
        }

        public void GiveBack()
        {
            lock (_lock)
                _left = Math.Min(FreeTries, _left + 1);
        }

        public bool IsFull(TimeProvider time)
        {
            lock (_lock)
            {
                Refill(time);
                return _left >= FreeTries;
            }
        }

        private void Refill(TimeProvider time)
        {
            var now = time.GetTimestamp();
            _left = Math.Min(FreeTries, _left + (time.GetElapsedTime(_since, now).TotalSeconds / RetryAfterSeconds));
            _since = now;
        }
    }
}
