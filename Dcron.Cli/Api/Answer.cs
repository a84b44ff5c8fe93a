namespace Dcron.Cli.Api;

/// <summary>What became of a call.</summary>
internal abstract record Answer
{
    private Answer()
    {
    }

    /// <summary>It did not happen, or nobody knows.</summary>
    public abstract record Failure : Answer
    {
        private protected Failure()
        {
        }
    }

    /// <param name="Body">As the server sent it.</param>
    /// <param name="ETag">With its quotes.</param>
    /// <param name="Next">Path and query of the next page.</param>
    /// <param name="Repeated">True when an earlier try of the same call may have taken effect too.</param>
    public sealed record Ok(byte[] Body, string? ETag = null, string? Next = null, bool Repeated = false) : Answer;

    /// <summary>The server answers, and its body is still coming.</summary>
    public sealed record Opened(HttpResponseMessage Response) : Answer;

    /// <summary>The server said no.</summary>
    /// <param name="Body">As the server sent it.</param>
    /// <param name="Repeated">As in <see cref="Ok"/>.</param>
    public sealed record Refused(int Status, Problem Problem, byte[] Body, bool Repeated = false) : Failure;

    /// <summary>Nobody answered, or the answer broke off.</summary>
    public sealed record OutOfReach(string Server, string Reason) : Failure;

    /// <summary>No TLS connection to it that could be trusted: trying again would not help.</summary>
    public sealed record Untrusted(string Server, string Reason) : Failure;
}
