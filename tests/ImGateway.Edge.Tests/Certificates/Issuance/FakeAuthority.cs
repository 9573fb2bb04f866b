using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme;
using ImGateway.Edge.Certificates;
using ImGateway.Edge.Certificates.Issuance;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>A CA without a protocol, for the life cycle on fake time.</summary>
sealed class FakeAuthority(StoreSetup setup)
{
    public TimeSpan Life { get; set; } = TimeSpan.FromDays(90);

    /// <summary>What the next order meets; null = a certificate.</summary>
    public Func<IssueRequest, Exception?> Fault { get; set; } = _ => null;

    /// <summary>Whether it exempts renewals from its limits.</summary>
    public bool IsExempt { get; set; }

    public Func<X509Certificate2, RenewalWindow?> Window { get; set; } = _ => null;

    /// <summary>In place of <see cref="Window"/>, for answers that take their time.</summary>
    public Func<X509Certificate2, Task<RenewalWindow?>>? Answer { get; set; }

    public List<IssueRequest> Orders { get; } = [];

    public List<string> Revoked { get; } = [];

    public int Asked { get; private set; }

    public CertificateAuthority Authority => new(IssueAsync, AskAsync, RevokeAsync);

    Task<ServedCredential> IssueAsync(IssueRequest request, IProgress<string> progress, CancellationToken cancellationToken)
    {
        progress.Report("ordering");
        request.BeginOrder(IsExempt && request.Current is not null);
        Orders.Add(request);
        if (Fault(request) is { } fault) return Task.FromException<ServedCredential>(fault);
        var issued = setup.Issue(TimeSpan.Zero, Life, request.Host.Value);
        return Task.FromResult(new ServedCredential(issued.ToCredential(request.Host.Value), ServedCredential.Acme, "https://ca.example.com/directory"));
    }

    Task<RenewalWindow?> AskAsync(X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        Asked++;
        return Answer?.Invoke(certificate) ?? Task.FromResult(Window(certificate));
    }

    Task RevokeAsync(X509Certificate2 certificate, RevocationReason reason, CancellationToken cancellationToken)
    {
        Revoked.Add(certificate.SerialNumber);
        return Task.CompletedTask;
    }
}
