using System.ComponentModel.DataAnnotations;

namespace Dcron.Api.Audit;

/// <summary>The section <c>Dcron:Audit</c>.</summary>
public sealed class AuditOptions
{
    public const string Section = "Dcron:Audit";

    /// <summary>Months, besides the present one, for which records are kept.</summary>
    [Range(1, 1200, ErrorMessage = "Dcron:Audit:KeepMonths must be 1 to 1200.")]
    public int KeepMonths { get; set; } = 24;
}
