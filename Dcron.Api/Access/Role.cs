namespace Dcron.Api.Access;

/// <summary>What a caller may do; each includes the ones before it.</summary>
internal enum Role
{
    /// <summary>Read everything.</summary>
    Viewer = 1,

    /// <summary>Also change jobs, store scripts, run and cancel.</summary>
    Operator,

    /// <summary>Also hand out keys, drain workers and open the dashboard.</summary>
    Admin,
}
