using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Acme;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Certificates.X509;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>
/// A CA without a protocol, on a simulated clock. It issues real certificates, records what it is asked, counts by the limits of Let's Encrypt,
/// and fails as a test scripts.
/// </summary>
/// <param name="now">The clock of the CA, which may differ from that of its client.</param>
sealed class SimulatedCa(Func<DateTimeOffset> now) : ICertificateAuthority, IDisposable
{
    readonly TestCa _root = TestCa.Create("Simulated Root", now().AddYears(-20), now().AddYears(40));
    readonly List<TestCa> _intermediates = [];
    readonly List<DateTimeOffset> _orders = [], _certificates = [], _failedValidations = [];

    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(90);

    public bool IsUp { get; set; } = true;

    /// <summary>Whether it suggests when to renew (RFC 9773), and exempts renewals from its limits.</summary>
    public bool HasRenewalInfo { get; set; } = true;

    /// <summary>In place of its own answer to when to renew.</summary>
    public Func<X509Certificate2, Task<RenewalWindow?>>? RenewalInfo { get; set; }

    /// <summary>Serial numbers of certificates that it wants to be renewed at once.</summary>
    public HashSet<string> Withdrawn { get; } = [];

    /// <summary>What the next order meets; null: a certificate.</summary>
    public Func<OrderFault?> NextFault { get; set; } = () => null;

    /// <summary>What the next revocation meets; null: the certificate is revoked.</summary>
    public Func<Exception?> RevocationFault { get; set; } = () => null;

    /// <summary>What an order waits for before its certificate is issued.</summary>
    public Func<IssueRequest, Task>? Hold { get; set; }

    /// <summary>As with Certificates:ReuseKey; key and order are saved while the order is pending.</summary>
    public bool ReuseKey { get; set; }

    /// <summary>Attempts at an order, also those that did not reach the CA.</summary>
    public int Attempts { get; private set; }

    /// <summary>How many attempts since the last order did not reach the CA.</summary>
    public int UnreachableSinceOrder { get; private set; }

    public List<IssueRequest> Orders { get; } = [];

    /// <summary>Orders without a certificate for the client, by a fault.</summary>
    public int OrdersFailed { get; private set; }

    public List<IssuedCertificate> Issued { get; } = [];

    /// <summary>Certificates that the client did not receive.</summary>
    public int ResponsesLost { get; private set; }

    /// <summary>How often it was asked when to renew.</summary>
    public int RenewalInfoRequests { get; private set; }

    public List<string> Revoked { get; } = [];

    /// <summary>Completes when the first certificate has been revoked.</summary>
    public TaskCompletionSource RevokedOne { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Requests that exceeded a limit of Let's Encrypt.</summary>
    public List<string> LimitHits { get; } = [];

    /// <summary>Another intermediate signs from now on.</summary>
    public void ChangeIntermediate() => _intermediates.Add(_root.CreateIntermediate(
        $"Simulated Intermediate {_intermediates.Count}", notBefore: now().AddYears(-19), notAfter: now().AddYears(39)));

    public void Dispose()
    {
        foreach (var intermediate in _intermediates) intermediate.Dispose();
        _root.Dispose();
    }

    public async Task<HostCertificate> IssueAsync(IssueRequest request, IProgress<string> progress, CancellationToken cancellationToken)
    {
        Attempts++;
        progress.Report("ordering");
        var fault = IsUp ? NextFault() : OrderFault.Unreachable();
        if (fault is { Step: OrderStep.Connect })
        {
            UnreachableSinceOrder++;
            throw fault.Failure;
        }

        // 1. The order.
        var replaced = HasRenewalInfo && request.Current is { Source: HostCertificate.Acme } current ? current.Credential.Leaf : null;
        var counts = await request.BeginOrder(replaced is not null);
        // Boulder exempts a renewal within its window only.
        var isExempt = replaced is not null && WindowOf(replaced) is var window && window.Start <= now() && now() < window.End;
        lock (Orders) Orders.Add(request);
        UnreachableSinceOrder = 0;
        if (fault is not null) OrdersFailed++;
        if (!isExempt) Count("orders", _orders, 300, TimeSpan.FromHours(3));
        var key = await KeyAsync(request, counts, cancellationToken);
        if (Hold is not null) await Hold(request).WaitAsync(cancellationToken);
        if (fault is { Step: OrderStep.Order }) throw fault.Failure;

        // 2. The validation.
        if (fault is { Step: OrderStep.Validation })
        {
            await request.AuthorizationFailed();
            Count("failed authorizations", _failedValidations, 5, TimeSpan.FromHours(1));
            throw fault.Failure;
        }

        // 3. The certificate.
        if (!isExempt) Count("certificates", _certificates, 5, TimeSpan.FromDays(7));
        var issued = Issue(request.Host.Value, key);
        if (fault is not null)
        {
            ResponsesLost++;
            throw fault.Failure;
        }

        return new HostCertificate(issued.ToCredential(request.Host.Value), HostCertificate.Acme, "https://ca.example.com/directory");
    }

    public Task<RenewalWindow?> AskRenewalInfoAsync(X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        RenewalInfoRequests++;
        if (!IsUp) throw new HttpRequestException("ca.test: connection refused");
        if (RenewalInfo is not null) return RenewalInfo(certificate);
        return Task.FromResult(HasRenewalInfo ? WindowOf(certificate) : null);
    }

    public Task RevokeAsync(X509Certificate2 certificate, RevocationReason reason, CancellationToken cancellationToken)
    {
        if (RevocationFault() is { } fault) throw fault;
        lock (Revoked) Revoked.Add(certificate.SerialNumber);
        RevokedOne.TrySetResult();
        return Task.CompletedTask;
    }

    /// <summary>As Let's Encrypt does: centred on the moment when a third of the life is left.</summary>
    RenewalWindow WindowOf(X509Certificate2 certificate)
    {
        var notAfter = certificate.ValidUntil();
        var life = notAfter - certificate.ValidFrom();
        var (centre, half) = (notAfter - life / 3, life / 100);
        return Withdrawn.Contains(certificate.SerialNumber)
            ? new RenewalWindow(now().AddDays(-2), now().AddDays(-1), new Uri("https://ca.test/incident"), TimeSpan.FromHours(6))
            : new RenewalWindow(centre - half, centre + half, null, TimeSpan.FromHours(6));
    }

    async Task<ECDsa> KeyAsync(IssueRequest request, bool counts, CancellationToken cancellationToken)
    {
        var key = ReuseKey && !request.NewKey ? request.Current?.Credential.Leaf.GetECDsaPrivateKey() : null;
        key ??= ECDsa.Create(ECCurve.NamedCurves.nistP256);
        if (ReuseKey) await request.Pending.WriteAsync(new Uri("https://ca.example.com/order/1"), key, revoked: null, counts, cancellationToken);
        return key;
    }

    IssuedCertificate Issue(string host, ECDsa key)
    {
        lock (Issued)
        {
            if (_intermediates.Count == 0) ChangeIntermediate();
            var begin = now().AddHours(-1);
            var issued = _intermediates[^1].Issue(new PkiLeaf { Hosts = [host], Key = key, NotBefore = begin, NotAfter = begin + Lifetime });
            Issued.Add(issued);
            return issued;
        }
    }

    void Count(string what, List<DateTimeOffset> times, int most, TimeSpan window)
    {
        lock (LimitHits)
        {
            times.RemoveAll(at => at <= now() - window);
            times.Add(now());
            if (times.Count > most) LimitHits.Add($"{times.Count} {what} within {window} at {now():u}");
        }
    }
}
