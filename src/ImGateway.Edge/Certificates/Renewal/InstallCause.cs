using ImGateway.Edge.Certificates.Served;

namespace ImGateway.Edge.Certificates.Renewal;

/// <summary>Why a served certificate changes.</summary>
/// <param name="Reason">The reason in the metric, one of <see cref="RenewalReasons"/>.</param>
/// <param name="Who">The actor in the audit log: <c>loop</c>, the verb's user, or <c>files</c>, for which the audit log has the file of each certificate.</param>
sealed record InstallCause(string Reason, string Who)
{
    public const string Loop = "loop";

    /// <summary>Whether the previous certificate is restored.</summary>
    public bool IsRollback { get; init; }

    /// <summary>Another edge has stored the certificate, and has recorded it in metrics and audit log.</summary>
    public static readonly InstallCause ByAnotherEdge = new("", "another edge") { IsElsewhere = true };

    public bool IsElsewhere { get; private init; }

    public bool IsByLoop => Who == Loop;

    public static InstallCause ByLoop(string reason) => new(reason, Loop);

    /// <summary>Files have changed, or were read for the first time.</summary>
    public static readonly InstallCause ByFiles = new(RenewalReasons.File, "files");

    /// <summary>The actor for one certificate. Of many files it is the certificate's own: with all of them, the audit entries of n files would take n² bytes.</summary>
    public string ActorOf(HostCertificate served) => Reason == RenewalReasons.File ? served.Origin : Who;
}

/// <summary>Reasons for renewing or replacing a certificate, as spelled in metrics and audit log.</summary>
static class RenewalReasons
{
    public const string Missing = "missing";
    public const string Ari = "ari";
    public const string Age = "age";
    public const string MaxAge = "max_age";
    public const string Revoked = "revoked";
    public const string Manual = "manual";

    /// <summary>A file has changed.</summary>
    public const string File = "file";

    public static IReadOnlyList<string> All { get; } = [Missing, Ari, Age, MaxAge, Revoked, Manual, File];
}
