namespace Dcron.Tests.Simulation;

/// <summary>What kind of life a seed leads.</summary>
/// <param name="Begin">When it begins: on an ordinary day, as clocks change, or as a month ends.</param>
/// <param name="Length">How long things go wrong.</param>
/// <param name="Jobs">How many jobs there are.</param>
internal sealed record Life(DateTimeOffset Begin, TimeSpan Length, int Jobs)
{
    /// <summary>One life in so many is that of thousands of jobs over hours.</summary>
    public const int CrowdEvery = 100;

    /// <summary>One life in so many has everything switched off for a month in its midst, and its first month dropped by retention afterwards.</summary>
    private const int AwayEvery = 10;

    // In Lisbon clocks go from 01:00 to 02:00 on 29 March, and from 02:00 to 01:00 on 25 October, at 01:00 UTC both.
    private static readonly DateTimeOffset[] Begins = [At(3, 1, 0, 0), At(3, 29, 0, 55), At(10, 25, 0, 55), At(5, 31, 23, 55)];
    private static readonly string[] Often = ["* * * * *", "*/20 * * * * *", "*/10 * * * * *", "30 */2 * * * *", "15 0,3,5 * * * *", "H/30 * * * * *"];
    private static readonly string[] Changing = ["0 30 1 * * *", "0 59 1 * * *", "0 3,4 1 * * *", "0 58 0,1 * * *", "*/30 * * * * *", "0 */2 * * * *"];
    private static readonly string[] Seldom = ["0 56 23 * * *", "30 57 0,23 * * *", "*/30 56-58 23 * * *", "*/20 55-59 23,0 * * *", "0 */6 * * *", "7 59 23 L * *"];

    /// <summary>How far apart two things that go wrong are.</summary>
    public TimeSpan Peace { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>From when on, after the beginning, and for how long everything is switched off; null for never.</summary>
    public (TimeSpan After, TimeSpan Length)? Away { get; init; }

    public bool IsCrowd => Jobs > 1000;

    /// <summary>When nothing goes wrong any more.</summary>
    public DateTimeOffset QuietFrom => Begin + Length + (Away?.Length ?? TimeSpan.Zero);

    public static bool IsOfCrowd(int seed) => seed % CrowdEvery == 0;

    public static Life Of(int seed)
    {
        var random = new Random(seed);
        if (IsOfCrowd(seed))
        {
            return new Life(Begins[random.Next(Begins.Length)].AddMinutes(-55), TimeSpan.FromHours(2), random.Next(2_000, 3_001)) { Peace = TimeSpan.FromMinutes(3) };
        }

        return seed % AwayEvery == 1
            ? new Life(At(3, 31, 23, 54), TimeSpan.FromMinutes(10), 3) { Away = (TimeSpan.FromMinutes(2 + (4 * random.NextDouble())), TimeSpan.FromDays(30)) }
            : new Life(Begins[random.Next(Begins.Length)], TimeSpan.FromMinutes(8), 4);
    }

    /// <summary>A schedule that has fire times in such a life.</summary>
    public string AnyTime(World world) => IsCrowd ? $"{world.Draw(60)} {world.Draw(60)} * * * *"
        : Away is not null ? Seldom[world.Draw(Seldom.Length)]
        : Begin.Minute == 55 && Begin.Hour == 0 && world.Chance(0.4) ? Changing[world.Draw(Changing.Length)]
        : Often[world.Draw(Often.Length)];

    private static DateTimeOffset At(int month, int day, int hour, int minute) => new(2026, month, day, hour, minute, 0, TimeSpan.Zero);
}
