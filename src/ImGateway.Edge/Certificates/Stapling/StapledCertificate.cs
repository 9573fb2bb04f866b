using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>A served certificate and the response it has. Belongs to <see cref="OcspStapler"/>, which alone changes it.</summary>
sealed class StapledCertificate(Credential credential, TimeProvider time)
{
    // A wall clock that is put back makes no response last longer than it did when it was taken.
    long _taken;
    TimeSpan _life;

    public string Fingerprint => credential.Fingerprint;

    public string SerialNumber => credential.SerialNumber;

    /// <summary>Null: nobody to ask.</summary>
    public OcspTarget? Target { get; } = OcspTarget.Of(credential);

    public bool MustStaple { get; } = OcspTarget.MustStaple(credential.Leaf);

    /// <summary>Those that serve it now.</summary>
    public IReadOnlyList<HostName> Hosts { get; set; } = [];

    public OcspAnswer? Answer { get; private set; }

    public DueTime Due { get; set; }

    public int Failures { get; set; }

    /// <summary>As last shown; null before the first time.</summary>
    public OcspState? Shown { get; set; }

    public void Take(OcspAnswer answer) => (Answer, _taken, _life) = (answer, time.GetTimestamp(), answer.NextUpdate - time.GetUtcNow());

    /// <summary>What is revoked stays so until the CA says otherwise, whatever becomes of the response that said it.</summary>
    public OcspState State =>
        Target is null ? OcspState.NotOffered
        : Answer is { Status: CertificateRevocation.Revoked } ? OcspState.Revoked
        : Answer is { } answer && answer.NextUpdate > time.GetUtcNow() && time.GetElapsedTime(_taken) < _life ? OcspState.Good
        : OcspState.Stale;
}
