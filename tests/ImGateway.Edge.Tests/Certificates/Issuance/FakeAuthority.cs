using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>A CA without a protocol, for the life cycle on fake time.</summary>
sealed class FakeAuthority(StoreSetup setup)
{
    public TimeSpan Life { get; set; } = TimeSpan.FromDays(90);

    /// <summary>What the next order meets; null = a certificate.</summary>
    public Func<IssueRequest, Exception?> Fault { get; set; } = _ => null;

    /// <summary>What the next revocation meets; null = it is revoked.</summary>
    public Func<Exception?> RevocationFault { get; set; } = () => null;

    /// <summary>What an order waits for before its certificate is issued.</summary>
    public Func<IssueRequest, Task>? Hold { get; set; }

    /// <summary>As with Certificates:ReuseKey; key and order are saved as long as it is under way.</summary>
    public bool ReuseKey { get; set; }

    /// <summary>Whether it exempts renewals from its limits.</summary>
    public bool IsExempt { get; set; }

    public Func<X509Certificate2, RenewalWindow?> Window { get; set; } = _ => null;

    /// <summary>In place of <see cref="Window"/>, for answers that take their time.</summary>
    public Func<X509Certificate2, Task<RenewalWindow?>>? Answer { get; set; }

    public List<IssueRequest> Orders { get; } = [];

    public List<string> Revoked { get; } = [];

    /// <summary>Ends when the first certificate has been revoked.</summary>
    public TaskCompletionSource RevokedOne { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public List<IssuedCertificate> Issued { get; } = [];

    public int Asked { get; private set; }

    public CertificateAuthority Authority => new(IssueAsync, AskAsync, RevokeAsync);

    async Task<ServedCredential> IssueAsync(IssueRequest request, IProgress<string> progress, CancellationToken cancellationToken)
    {
        progress.Report("ordering");
        await request.BeginOrder(IsExempt && request.Current is not null);
        lock (Orders) Orders.Add(request);
        var key = ReuseKey && !request.NewKey ? request.Current?.Credential.Leaf.GetECDsaPrivateKey() : null;
        key ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (ReuseKey) await request.Pending.WriteAsync(new Uri("https://ca.example.com/order/1"), key, revoked: null, cancellationToken);
        if (Hold is not null) await Hold(request).WaitAsync(cancellationToken);
        if (Fault(request) is { } fault) throw fault;
        var issued = setup.Issue(TimeSpan.Zero, Life, request.Host.Value, key);
        lock (Issued) Issued.Add(issued);
        return new ServedCredential(issued.ToCredential(request.Host.Value), ServedCredential.Acme, "https://ca.example.com/directory");
    }

    Task<RenewalWindow?> AskAsync(X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        Asked++;
        return Answer?.Invoke(certificate) ?? Task.FromResult(Window(certificate));
    }

    Task RevokeAsync(X509Certificate2 certificate, RevocationReason reason, CancellationToken cancellationToken)
    {
        if (RevocationFault() is { } fault) throw fault;
        lock (Revoked) Revoked.Add(certificate.SerialNumber);
        RevokedOne.TrySetResult();
        return Task.CompletedTask;
    }
}
