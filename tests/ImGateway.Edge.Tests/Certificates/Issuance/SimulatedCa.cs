using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Certificates.Issuance;
using ImGateway.Edge.Certificates.Renewal;
using ImGateway.Edge.Certificates.Served;
using ImGateway.Edge.Tls;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Certificates.Issuance;

/// <summary>What an order meets.</summary>
enum Fault
{
    None,

    /// <summary>Nothing answers: the order does not even begin.</summary>
    Unreachable,

    /// <summary>The order begins and comes to nothing.</summary>
    ServerError,

    /// <summary>The CA looks for a proof and does not find it.</summary>
    ProofNotFound,

    /// <summary>Too many, it says, and when to come again.</summary>
    RateLimited,

    /// <summary>It has issued, and its answer is lost.</summary>
    AnswerLost,

    /// <summary>Something that no code foresees.</summary>
    Unforeseen,
}

/// <summary>A CA on a clock that is turned by hand. It issues real certificates, and judges its client by the limits of Let's Encrypt.</summary>
sealed class SimulatedCa(TimeProvider time) : IDisposable
{
    readonly TestCa _root = TestCa.Create("Simulated Root", time.GetUtcNow().AddYears(-1), time.GetUtcNow().AddYears(30));
    readonly List<TestCa> _retired = [];
    readonly List<DateTimeOffset> _orders = [], _certificates = [], _failedProofs = [];
    TestCa? _intermediate;

    public TimeSpan Lifetime { get; set; } = TimeSpan.FromDays(90);

    public bool IsUp { get; set; } = true;

    /// <summary>Whether it says when to renew (RFC 9773), and exempts what it asked for from its limits.</summary>
    public bool HasRenewalInfo { get; set; } = true;

    public bool RenewalInfoIsBroken { get; set; }

    public Func<Fault> NextFault { get; set; } = () => Fault.None;

    /// <summary>Where it wants a certificate to be renewed at once, by its serial number.</summary>
    public HashSet<string> Withdrawn { get; } = [];

    public int Orders { get; private set; }

    public int Issued { get; private set; }

    /// <summary>Certificates that the client never heard of.</summary>
    public int AnswersLost { get; private set; }

    /// <summary>Orders that came to nothing by the CA's doing.</summary>
    public int OrdersFailed { get; private set; }

    /// <summary>Requests that would have been over a limit.</summary>
    public List<string> LimitHits { get; } = [];

    public CertificateAuthority Authority => new(IssueAsync, AskAsync, (_, _, _) => Task.CompletedTask);

    /// <summary>Another intermediate signs from now on.</summary>
    public void ChangeIntermediate()
    {
        if (_intermediate is not null) _retired.Add(_intermediate);
        var now = time.GetUtcNow();
        _intermediate = _root.CreateIntermediate($"Simulated Intermediate {_retired.Count}", notBefore: now.AddDays(-30), notAfter: now.AddYears(3));
    }

    public void Dispose()
    {
        foreach (var old in _retired) old.Dispose();
        _intermediate?.Dispose();
        _root.Dispose();
    }

    async Task<ServedCredential> IssueAsync(IssueRequest request, IProgress<string> progress, CancellationToken cancellationToken)
    {
        var fault = IsUp ? NextFault() : Fault.Unreachable;
        if (fault is Fault.Unreachable) throw new IssuanceException("ca.test: connection refused");
        if (fault is Fault.Unforeseen) throw new InvalidOperationException("nobody thought of this");

        var replaced = HasRenewalInfo && request.Current is { Source: ServedCredential.Acme } current ? current.Credential.Leaf : null;
        await request.BeginOrder(replaced is not null);
        // Within the window alone, as Boulder does.
        var isExempt = replaced is not null && WindowOf(replaced) is var window && window.Start <= time.GetUtcNow() && time.GetUtcNow() < window.End;
        Orders++;
        if (fault is not Fault.None) OrdersFailed++;
        if (!isExempt) Count("orders", _orders, 300, TimeSpan.FromHours(3));
        switch (fault)
        {
            case Fault.ServerError:
                throw new IssuanceException("ca.test: serverInternal");
            case Fault.RateLimited:
                throw new IssuanceException("ca.test: rateLimited") { RetryAfter = TimeSpan.FromHours(2) };
            case Fault.ProofNotFound:
                await request.AuthorizationFailed();
                Count("failed authorizations", _failedProofs, 5, TimeSpan.FromHours(1));
                throw new IssuanceException("ca.test: connection: nothing answers on port 80");
        }

        if (!isExempt) Count("certificates", _certificates, 5, TimeSpan.FromDays(7));
        Issued++;
        if (fault is Fault.AnswerLost)
        {
            AnswersLost++;
            throw new IssuanceException("ca.test: connection reset") { MayHaveIssued = true };
        }

        return new ServedCredential(Issue(request), ServedCredential.Acme, "https://ca.test/directory");
    }

    Task<RenewalWindow?> AskAsync(X509Certificate2 certificate, CancellationToken cancellationToken)
    {
        if (!IsUp || RenewalInfoIsBroken) throw new AcmeUnavailableException();
        return Task.FromResult(HasRenewalInfo ? WindowOf(certificate) : null);
    }

    RenewalWindow WindowOf(X509Certificate2 certificate)
    {
        var notAfter = new DateTimeOffset(certificate.NotAfter.ToUniversalTime());
        var life = notAfter - new DateTimeOffset(certificate.NotBefore.ToUniversalTime());
        // As Let's Encrypt has it: centred on a third of life left.
        var (centre, half) = (notAfter - life / 3, life / 100);
        return Withdrawn.Contains(certificate.SerialNumber)
            ? new RenewalWindow(time.GetUtcNow().AddDays(-2), time.GetUtcNow().AddDays(-1), new Uri("https://ca.test/incident"), TimeSpan.FromHours(6))
            : new RenewalWindow(centre - half, centre + half, null, TimeSpan.FromHours(6));
    }

    Credential Issue(IssueRequest request)
    {
        if (_intermediate is null) ChangeIntermediate();
        var now = time.GetUtcNow();
        var issued = _intermediate!.Issue(new PkiLeaf { Hosts = [request.Host.Value], Subject = "", NotBefore = now.AddHours(-1), NotAfter = now.AddHours(-1) + Lifetime });
        return new Credential(issued.Leaf, [_intermediate.Certificate], [request.Host]);
    }

    void Count(string what, List<DateTimeOffset> times, int most, TimeSpan window)
    {
        var now = time.GetUtcNow();
        times.RemoveAll(at => at <= now - window);
        times.Add(now);
        if (times.Count > most) LimitHits.Add($"{times.Count} {what} within {window} at {now:u}");
    }

    sealed class AcmeUnavailableException() : Exception("ca.test: connection refused");
}
