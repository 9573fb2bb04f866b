using ImGateway.Edge.Configuration;
using ImGateway.Edge.Scheduling;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>A served certificate and the response it has. Belongs to <see cref="OcspStapler"/>, which alone changes it.</summary>
sealed class OcspEntry(Credential credential, TimeProvider time)
{
    // Stored as elapsed time, so that a wall clock set back does not extend the response's validity.
    long _taken;
    TimeSpan _life;

    public string Fingerprint => credential.Fingerprint;

    public string SerialNumber => credential.SerialNumber;

    /// <summary>Null if the status cannot be queried.</summary>
    public OcspTarget? Target { get; } = OcspTarget.Of(credential);

    public bool MustStaple { get; } = OcspTarget.MustStaple(credential.Leaf);

    /// <summary>The hosts that serve the certificate.</summary>
    public IReadOnlyList<HostName> Hosts { get; set; } = [];

    public OcspAnswer? Answer { get; private set; }

    public DueTime Due { get; set; }

    public int Failures { get; set; }

    /// <summary>The state last published; null before the first.</summary>
    public OcspState? PublishedState { get; set; }

    public void Take(OcspAnswer answer) => (Answer, _taken, _life) = (answer, time.GetTimestamp(), answer.NextUpdate - time.GetUtcNow());

    /// <summary>A revoked certificate remains revoked until the CA reports otherwise, even after the response has expired.</summary>
    public OcspState State =>
        Target is null ? OcspState.NotOffered
        : Answer is { Status: OcspCertificateStatus.Revoked } ? OcspState.Revoked
        : Answer is { } answer && answer.NextUpdate > time.GetUtcNow() && time.GetElapsedTime(_taken) < _life ? OcspState.Good
        : OcspState.Stale;
}
