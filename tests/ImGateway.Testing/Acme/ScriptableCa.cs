using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;

namespace ImGateway.Testing;

/// <summary>
/// A real ACME server for tests (RFC 8555, 8737, 8738, 9773, profiles, EAB) over HTTPS on loopback. It checks signatures, nonces and
/// key authorizations, connects back to validate, and does wrong what a test scripts with <see cref="Fail"/>.
/// </summary>
public sealed class ScriptableCa : IAsyncDisposable
{
    /// <summary>Authorizations are deleted: requests for them get 404.</summary>
    public const string Forgotten = "forgotten";

    readonly CaState _state;
    readonly CaFaults _faults = new();
    readonly CaRecords _records = new();
    readonly CaNonces _nonces = new();
    readonly CaIssuer _issuer;
    readonly CaValidator _validator;
    readonly CaChallenges _challenges;
    readonly CaOcspResponder _ocsp;
    readonly CaPipeline _pipeline;
    readonly TestCa _httpsCa = TestCa.Create("Scriptable CA https root");
    readonly CaAccounts _accounts;
    readonly CaOrders _orders;
    readonly CaCertificates _certificates;
    CaHost? _host;

    ScriptableCa(ScriptableCaOptions options)
    {
        _state = new CaState(options);
        _issuer = new CaIssuer(_state);
        _validator = new CaValidator(_state);
        var limiter = new CaLimiter(_state);
        _challenges = new CaChallenges(_state, limiter, _validator, _records.Signal);
        _accounts = new CaAccounts(_state);
        _orders = new CaOrders(_state, limiter, _issuer);
        _certificates = new CaCertificates(_state);
        _ocsp = new CaOcspResponder(_state, _issuer);
        _pipeline = new CaPipeline(_state, _faults, _nonces, new CaAuthentication(_state, _nonces), Handle, _records);
    }

    public Uri Directory => new(_state.Base, "directory");

    /// <summary>The root of the CA's own HTTPS certificate.</summary>
    public string TrustedRootPem => _httpsCa.Pem;

    public X509Certificate2 TrustedRoot => _httpsCa.Certificate;

    /// <summary>The root that issued certificates chain to.</summary>
    public X509Certificate2 IssuingRoot => _issuer.Root.Certificate;

    /// <summary>The key of <see cref="IssuingRoot"/>, for another certificate of it.</summary>
    public ECDsa CopyRootKey() => _issuer.Root.CopyKey();

    /// <summary>The root of the alternate chain.</summary>
    public X509Certificate2 AlternateRoot => _issuer.AlternateRoot.Certificate;

    /// <summary>The port on 127.0.0.1 for http-01.</summary>
    public int HttpPort { get => _validator.HttpPort; set => _validator.HttpPort = value; }

    /// <summary>The port on 127.0.0.1 for tls-alpn-01.</summary>
    public int TlsPort { get => _validator.TlsPort; set => _validator.TlsPort = value; }

    /// <summary>Every connection is cut.</summary>
    public bool IsDown { get => _pipeline.IsDown; set => _pipeline.IsDown = value; }

    /// <summary>How far the Date header is off the CA's clock.</summary>
    public TimeSpan ClockOffset { get => _pipeline.ClockOffset; set => _pipeline.ClockOffset = value; }

    public CaOcsp Ocsp { get => _ocsp.Mode; set => _ocsp.Mode = value; }

    public int OcspRequests => _ocsp.Requests;

    /// <summary>Every request whose path is one of ACME's, in the order of their answers.</summary>
    public IReadOnlyList<CaRequest> Recorded => _records.All;

    public IReadOnlyList<CaCertificate> Certificates => Read(state => state.Certificates.Values.ToList());

    public int OrdersCreated => Read(state => state.Counters.Orders);

    /// <summary>Those that ended without a certificate because what they were to prove was not found.</summary>
    public int OrdersFailed => Read(state => state.Orders.Values.Count(order => order.Authorizations.Exists(authorization => authorization.Status == "invalid")));

    public int CertificatesIssued => Read(state => state.Counters.Certificates);

    public int FailedValidations => Read(state => state.Counters.FailedValidations);

    /// <summary>How often a rate limit of the options, not a scripted one, was exceeded.</summary>
    public int LimitHits => Read(state => state.Counters.LimitHits);

    /// <summary>Scripted faults that no request has met yet.</summary>
    public int FaultsLeft => _faults.Count;

    public static async Task<ScriptableCa> StartAsync(ScriptableCaOptions? options = null, CancellationToken cancellationToken = default)
    {
        var ca = new ScriptableCa(options ?? new ScriptableCaOptions());
        var certificate = ca._httpsCa.Issue("127.0.0.1", "localhost");
        ca._host = await CaHost.StartAsync(
            certificate, ca._state.Options.Port, ca._pipeline.HandleAsync, ca._ocsp.HandleAsync, cancellationToken);
        ca._state.Base = ca._host.Https;
        if (ca._state.Options.OffersOcsp) ca._issuer.Ocsp = new Uri(ca._host.Http, "ocsp");
        return ca;
    }

    /// <summary>The next requests of this operation meet these faults, one each, in this order.</summary>
    public void Fail(CaOperation operation, params CaFault[] faults) => _faults.Add(operation, faults);

    public void ClearFaults() => _faults.Clear();

    /// <summary>What a TXT lookup finds; no values is NXDOMAIN.</summary>
    public void SetTxt(string name, params string[] values) => Change(state =>
    {
        if (values.Length == 0) state.Txt.Remove(name);
        else state.Txt[name] = values;
    });

    /// <summary>Moves a certificate's ARI window, by the serial number as <see cref="X509Certificate2.SerialNumber"/> writes it.</summary>
    public void SetRenewalWindow(string serial, DateTimeOffset start, DateTimeOffset end, Uri? explanation = null) =>
        Change(state => state.Windows[serial] = new CaWindow(start, end, explanation));

    /// <summary>Revoked by the CA itself, as after a mis-issuance.</summary>
    public void Revoke(string serial, int reason = 4) => Change(state =>
    {
        var certificate = state.Certificates.Values.Single(certificate => certificate.SerialNumber == serial);
        certificate.Revoked = state.Now;
        certificate.RevocationReason = reason;
    });

    /// <summary>
    /// Pending authorizations end before their orders, which stay pending: they are <c>expired</c>, <c>invalid</c> and so on, or, as at Boulder,
    /// <see cref="Forgotten"/>.
    /// </summary>
    public void EndAuthorizations(string how) => Change(state =>
    {
        foreach (var authorization in state.Authorizations.Values.Where(authorization => authorization.Status == "pending")) authorization.Ended = how;
    });

    /// <summary>The CA no longer has any profile.</summary>
    public void DropProfiles() => Change(state => state.Profiles = new Dictionary<string, CaProfile>());

    /// <summary>The CA loses its accounts: their requests get accountDoesNotExist.</summary>
    public void ForgetAccounts() => Change(state => state.Accounts.Clear());

    /// <summary>What is issued from now on has another intermediate.</summary>
    public void ChangeIntermediate() => Change(_ => _issuer.ChangeIntermediate());

    /// <summary>Waits until a request or a validation made this true.</summary>
    public async Task WaitUntilAsync(Func<ScriptableCa, bool> condition, TimeSpan timeout, CancellationToken cancellationToken = default)
    {
        while (true)
        {
            var changed = _records.Changed;
            if (condition(this)) return;
            await changed.WaitAsync(timeout, TimeProvider.System, cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        await _challenges.DisposeAsync();
        _validator.Dispose();
        _issuer.Dispose();
        _httpsCa.Dispose();
    }

    CaAnswer Handle(CaCall call) => call.Operation switch
    {
        CaOperation.Directory => Describe(),
        CaOperation.NewNonce => new CaAnswer(call.Method == "HEAD" ? 200 : 204),
        CaOperation.NewAccount => _accounts.Create(call),
        CaOperation.Account => _accounts.Show(call),
        CaOperation.KeyChange => _accounts.ChangeKey(call),
        CaOperation.NewOrder => _orders.Create(call),
        CaOperation.Order => _orders.Show(call),
        CaOperation.Finalize => _orders.FinalizeOrder(call),
        CaOperation.Authorization => _challenges.ShowAuthorization(call),
        CaOperation.Challenge => _challenges.ShowChallenge(call),
        CaOperation.Certificate => _certificates.Download(call),
        CaOperation.RevokeCertificate => _certificates.Revoke(call),
        CaOperation.RenewalInfo => _certificates.ShowRenewalInfo(call),
        _ => throw CaProblemException.NotFound("resource"),
    };

    CaAnswer Describe()
    {
        var options = _state.Options;
        var meta = new JsonObject
        {
            ["website"] = "https://ca.test/",
            ["caaIdentities"] = new JsonArray(options.CaaIdentity),
            ["externalAccountRequired"] = options.ExternalAccounts.Count > 0,
        };
        if (options.TermsOfService is not null) meta["termsOfService"] = options.TermsOfService;
        if (_state.Profiles.Count > 0)
        {
            meta["profiles"] = new JsonObject(_state.Profiles.Select(profile => KeyValuePair.Create(profile.Key, (JsonNode?)profile.Value.Description)));
        }

        var directory = new JsonObject
        {
            ["newNonce"] = _state.Url("new-nonce"),
            ["newAccount"] = _state.Url("new-account"),
            ["newOrder"] = _state.Url("new-order"),
            ["revokeCert"] = _state.Url("revoke-certificate"),
            ["keyChange"] = _state.Url("key-change"),
            ["meta"] = meta,
        };
        if (options.OffersRenewalInfo) directory["renewalInfo"] = _state.Url("renewal-info");
        return CaAnswer.Of(directory);
    }

    T Read<T>(Func<CaState, T> read)
    {
        lock (_state.Lock) return read(_state);
    }

    void Change(Action<CaState> change)
    {
        lock (_state.Lock) change(_state);
    }
}
