using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates.X509;

/// <summary>Why a certificate file cannot be served, as one line for the operator.</summary>
/// <param name="File">The path as configured.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Remedy">What to do.</param>
public sealed record CertificateProblem(string File, string Message, string Remedy)
{
    /// <summary>A problem of the validity period alone: such a certificate is better than none.</summary>
    public bool IsDateProblem { get; init; }

    /// <summary>The matching file, such as the key of a new certificate, may not have been written yet.</summary>
    public bool AwaitsOtherPart { get; init; }

    /// <summary>Resolves by itself when the certificate becomes valid.</summary>
    public bool IsEarly { get; init; }

    /// <summary>One line; control characters in a path or subject are escaped.</summary>
    public override string ToString() => SingleLine.Escape($"{File}: {Message}; {Remedy}");
}
