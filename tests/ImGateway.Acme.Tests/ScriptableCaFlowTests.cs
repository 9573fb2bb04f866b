using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Testing;
using Microsoft.Extensions.Time.Testing;

namespace ImGateway.Acme.Tests;

/// <summary>The library and the CA of the tests, from account to renewal.</summary>
public sealed class ScriptableCaFlowTests
{
    [Fact]
    public async Task A_certificate_is_issued_with_both_chains()
    {
        await using var flow = await AcmeFlow.StartAsync();

        var chains = await flow.IssueAsync(AcmeFlow.Request("im.example.com", "192.0.2.7"));

        var issued = Assert.Single(flow.Ca.Certificates);
        Assert.Equal(["im.example.com", "192.0.2.7"], issued.Hosts);
        Assert.Equal(issued.RenewalId, CertificateId.Of(issued.Leaf));
        AssertChains(chains.Default, flow.Ca.IssuingRoot);
        AssertChains(Assert.Single(chains.Alternates), flow.Ca.AlternateRoot);
        Assert.Equal((1, 1), (flow.Ca.OrdersCreated, flow.Ca.CertificatesIssued));
        Assert.Contains(flow.Ca.Recorded, request => request is { Operation: CaOperation.NewOrder, Status: 201, Hosts: ["im.example.com", "192.0.2.7"] });
    }

    [Fact]
    public async Task A_lifetime_may_be_seconds_and_a_profile_decides_it()
    {
        await using var flow = await AcmeFlow.StartAsync(new ScriptableCaOptions
        {
            AlwaysValid = true,
            Profiles = new Dictionary<string, CaProfile> { ["brief"] = new("For a moment", TimeSpan.FromSeconds(20)) },
        });

        await flow.IssueAsync(AcmeFlow.Request("im.example.com") with { Profile = "brief" });
        var unknown = await Assert.ThrowsAsync<AcmeException>(() =>
            flow.Account.CreateOrderAsync(AcmeFlow.Request("im.example.com") with { Profile = "eternal" }));

        var issued = Assert.Single(flow.Ca.Certificates);
        Assert.Equal(TimeSpan.FromSeconds(20), issued.NotAfter - issued.NotBefore);
        Assert.Equal(("brief", "For a moment"), Assert.Single(flow.Server.Directory.Profiles.Select(profile => (profile.Key, profile.Value))));
        Assert.Equal("invalidProfile", unknown.Problem?.Type);
    }

    [Fact]
    public async Task A_csr_with_other_names_a_subject_or_the_accounts_key_is_refused()
    {
        await using var flow = await AcmeFlow.StartAsync();
        var order = await flow.AuthorizeAsync(await flow.Account.CreateOrderAsync(AcmeFlow.Request("im.example.com")));
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var accountKey = ECDsa.Create();
        accountKey.ImportFromPem(flow.Key.ToPem());

        Assert.All(
            await Task.WhenAll(
                ProblemOf(AcmeFlow.Csr(["www.example.com"], key)),
                ProblemOf(AcmeFlow.Csr(["im.example.com", "www.example.com"], key)),
                ProblemOf(AcmeFlow.Csr(["im.example.com"], key, "CN=im.example.com")),
                ProblemOf(AcmeFlow.Csr(["im.example.com"], accountKey)),
                ProblemOf([1, 2, 3])),
            problem => Assert.Equal("badCSR", problem));

        async Task<string?> ProblemOf(byte[] csr) =>
            (await Assert.ThrowsAsync<AcmeException>(() => flow.Account.FinalizeAsync(order, csr))).Problem?.Type;
    }

    [Fact]
    public async Task An_order_replaces_a_certificate_once()
    {
        await using var flow = await AcmeFlow.StartAsync();
        await flow.IssueAsync(AcmeFlow.Request("im.example.com"));
        var first = flow.Ca.Certificates[0];

        await flow.IssueAsync(AcmeFlow.Request("im.example.com") with { Replaces = first.RenewalId });
        var again = await Assert.ThrowsAsync<AcmeException>(() =>
            flow.Account.CreateOrderAsync(AcmeFlow.Request("im.example.com") with { Replaces = first.RenewalId }));

        Assert.True(first.WasReplaced);
        Assert.Equal("alreadyReplaced", again.Problem?.Type);
    }

    [Fact]
    public async Task Renewal_information_is_a_third_of_life_left_until_a_test_moves_it()
    {
        await using var flow = await AcmeFlow.StartAsync();
        await flow.IssueAsync(AcmeFlow.Request("im.example.com"));
        var certificate = flow.Ca.Certificates[0];
        var life = certificate.NotAfter - certificate.NotBefore;

        var usual = await flow.Server.GetRenewalInfoAsync(certificate.Leaf);
        flow.Ca.SetRenewalWindow(certificate.SerialNumber, certificate.NotBefore, certificate.NotBefore.AddHours(1), new Uri("https://ca.test/why"));
        var moved = await flow.Server.GetRenewalInfoAsync(certificate.Leaf);

        Assert.InRange(certificate.NotAfter - life / 3, usual!.WindowStart, usual.WindowEnd);
        Assert.Equal(certificate.NotBefore, moved!.WindowStart);
        Assert.Equal("https://ca.test/why", moved.Explanation?.AbsoluteUri);
    }

    [Fact]
    public async Task A_certificate_is_revoked_by_its_account_or_by_its_own_key()
    {
        await using var flow = await AcmeFlow.StartAsync();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var certificateKey = AcmeKey.From(key);
        using var strangersKey = AcmeKey.Create();
        await flow.IssueAsync(AcmeFlow.Request("one.example.com"));
        var order = await flow.AuthorizeAsync(await flow.Account.CreateOrderAsync(AcmeFlow.Request("two.example.com")));
        await flow.Account.FinalizeAsync(order, AcmeFlow.Csr(["two.example.com"], key));
        var (one, two) = (flow.Ca.Certificates[0], flow.Ca.Certificates[1]);

        await flow.Account.RevokeAsync(one.Leaf, RevocationReason.Superseded);
        var stranger = await Assert.ThrowsAsync<AcmeException>(() => flow.Server.RevokeAsync(two.Leaf, strangersKey, RevocationReason.Unspecified));
        await flow.Server.RevokeAsync(two.Leaf, certificateKey, RevocationReason.KeyCompromise);
        var again = await Assert.ThrowsAsync<AcmeException>(() => flow.Account.RevokeAsync(two.Leaf, RevocationReason.Unspecified));

        Assert.Equal((4, 1), (one.RevocationReason, two.RevocationReason));
        Assert.Equal(("unauthorized", "alreadyRevoked"), (stranger.Problem?.Type, again.Problem?.Type));
    }

    [Fact]
    public async Task An_account_changes_its_key_and_ends()
    {
        await using var flow = await AcmeFlow.StartAsync();
        using var newKey = AcmeKey.Create();

        var account = await flow.Account.RollOverKeyAsync(newKey);
        await Assert.ThrowsAsync<AcmeException>(() => flow.Account.GetAsync());
        Assert.Equal(AccountStatus.Valid, (await account.UpdateContactsAsync(["mailto:ops@example.com"])).Status);
        await account.DeactivateAsync();

        Assert.Equal("unauthorized", (await Assert.ThrowsAsync<AcmeException>(() => account.GetAsync())).Problem?.Type);
    }

    [Fact]
    public async Task A_forgotten_account_does_not_exist()
    {
        await using var flow = await AcmeFlow.StartAsync();

        flow.Ca.ForgetAccounts();

        var lost = await Assert.ThrowsAsync<AcmeException>(() => flow.Account.CreateOrderAsync(AcmeFlow.Request("im.example.com")));
        Assert.Equal("accountDoesNotExist", lost.Problem?.Type);
    }

    [Fact]
    public async Task An_external_account_is_required_and_its_signature_checked()
    {
        var options = new ScriptableCaOptions { ExternalAccounts = new Dictionary<string, byte[]> { ["kid-1"] = [.. Enumerable.Range(1, 32).Select(i => (byte)i)] } };
        await using var flow = await AcmeFlow.StartAsync(options, new ExternalAccount("kid-1", options.ExternalAccounts["kid-1"]));
        using var key = AcmeKey.Create();

        Assert.True(flow.Server.Directory.ExternalAccountRequired);
        // The library refuses by itself where the directory asks for one: its message stands, whichever side gives it.
        await Assert.ThrowsAsync<AcmeException>(() => flow.Server.RegisterAsync(key, new AccountRequest { TermsOfServiceAgreed = true }));
        var wrong = await Assert.ThrowsAsync<AcmeException>(() => flow.Server.RegisterAsync(
            key, new AccountRequest { TermsOfServiceAgreed = true, ExternalAccount = new ExternalAccount("kid-1", new byte[32]) }));
        Assert.Equal("unauthorized", wrong.Problem?.Type);
    }

    [Fact]
    public async Task Rate_limits_are_counted_on_the_cas_clock()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var flow = await AcmeFlow.StartAsync(new ScriptableCaOptions
        {
            AlwaysValid = true,
            Time = time,
            RateLimits = new CaRateLimits { OrdersPerNameSet = new(2, TimeSpan.FromDays(7)) },
        });
        var request = AcmeFlow.Request("im.example.com");
        await flow.Account.CreateOrderAsync(request);
        time.Advance(TimeSpan.FromDays(6.5));
        await flow.Account.CreateOrderAsync(request);

        var limited = await Assert.ThrowsAsync<AcmeException>(() => flow.Account.CreateOrderAsync(request));
        time.Advance(TimeSpan.FromHours(12));
        await flow.Account.CreateOrderAsync(request);

        Assert.Equal(("rateLimited", true, TimeSpan.FromHours(12)), (limited.Problem?.Type, limited.IsTransient, limited.RetryAfter));
        Assert.Equal((3, 1), (flow.Ca.OrdersCreated, flow.Ca.LimitHits));
    }

    static void AssertChains(string pem, X509Certificate2 root)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(pem);
        using var chain = new X509Chain
        {
            ChainPolicy =
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            },
        };
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.ExtraStore.AddRange(certificates);
        Assert.True(chain.Build(certificates[0]), string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation)));
        Assert.Equal(certificates.Count + 1, chain.ChainElements.Count);
    }
}
