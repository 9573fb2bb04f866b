using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Certificates;

/// <summary>Why a certificate file cannot be served, in the one line an operator reads.</summary>
/// <param name="File">The path as configured.</param>
/// <param name="Message">What is wrong.</param>
/// <param name="Remedy">What to do.</param>
public sealed record CertificateProblem(string File, string Message, string Remedy)
{
    /// <summary>Of the dates alone: such a certificate is better than none.</summary>
    public bool IsOfAge { get; init; }

    /// <summary>The other part of the pair, such as the key of a new certificate, may still be on its way.</summary>
    public bool AwaitsOtherPart { get; init; }

    /// <summary>It goes away by itself, when the certificate becomes valid.</summary>
    public bool IsEarly { get; init; }

    /// <summary>One line, whatever characters a path or a certificate's subject brought along.</summary>
    public override string ToString() => OneLine.From($"{File}: {Message}; {Remedy}");
}
