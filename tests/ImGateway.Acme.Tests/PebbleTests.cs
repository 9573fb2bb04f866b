using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Testing;

namespace ImGateway.Acme.Tests;

/// <summary>Against pebble 2.10, which refuses half of all nonces, and Debian's 2.4.</summary>
public sealed class PebbleTests
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    static readonly AccountRequest Agreed = new() { Contacts = ["admin@example.com"], TermsOfServiceAgreed = true };

    [Fact]
    public async Task An_order_ends_in_a_certificate_that_verifies_with_alternate_chains()
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { NonceRejectPercent = 50, AlwaysValid = true, AlternateRoots = 2 });
        using var ca = await ConnectAsync(pebble);
        using var key = AcmeKey.Create();
        var account = await ca.RegisterAsync(key, Agreed);
        var chains = await OrderAsync(account, new OrderRequest([AcmeIdentifier.Dns("a.test"), AcmeIdentifier.Dns("*.b.test")]));
        Assert.Null(chains.AlternateFailure);
        Assert.Equal(2, chains.Alternates.Count);
        Assert.True(Verifies(chains.Default, await pebble.IssuingRootPemAsync()));
        Assert.True(Verifies(chains.Alternates[1], await pebble.IssuingRootPemAsync(2)));
        var (chosen, found) = chains.Select(chains.Issuers[2]);
        Assert.Equal((chains.Alternates[1], true), (chosen, found));
        Assert.Equal((chains.Default, false), chains.Select("Unknown Root"));
    }

    [Fact]
    public async Task A_challenge_of_http_is_answered_for_a_name_and_for_an_address()
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { NonceRejectPercent = 50 });
        using var ca = await ConnectAsync(pebble);
        using var key = AcmeKey.Create();
        var account = await ca.RegisterAsync(key, Agreed);
        await using var responder = RecordingUpstream.Start(async (connection, head) =>
        {
            var token = head.Split(' ')[1].Split('/')[^1];
            var text = account.KeyAuthorization(token);
            await connection.SendAsync($"HTTP/1.1 200 OK\r\nContent-Length: {text.Length}\r\nConnection: close\r\n\r\n{text}");
            connection.Close();
        }, pebble.HttpPort);
        var chains = await OrderAsync(account, new OrderRequest([AcmeIdentifier.Dns("a.test"), AcmeIdentifier.Ip(IPAddress.Loopback)]), "http-01");
        Assert.True(Verifies(chains.Default, await pebble.IssuingRootPemAsync()));
    }

    [Fact]
    public async Task A_challenge_of_dns_is_answered_by_a_record()
    {
        await using var pebble = await Pebble.StartAsync();
        using var ca = await ConnectAsync(pebble);
        using var key = AcmeKey.Create();
        var account = await ca.RegisterAsync(key, Agreed);
        var chains = await OrderAsync(account, new OrderRequest([AcmeIdentifier.Dns("*.a.test")]), "dns-01",
            challenge => pebble.Dns.SetTxtAsync("_acme-challenge.a.test", account.DnsTxtValue(challenge.Token!)));
        Assert.True(Verifies(chains.Default, await pebble.IssuingRootPemAsync()));
    }

    [Fact]
    public async Task A_failed_challenge_ends_the_wait_with_its_problem()
    {
        await using var pebble = await Pebble.StartAsync();
        using var ca = await ConnectAsync(pebble);
        using var key = AcmeKey.Create();
        var account = await ca.RegisterAsync(key, Agreed);
        var e = await Assert.ThrowsAsync<AcmeException>(() => OrderAsync(account, new OrderRequest([AcmeIdentifier.Dns("a.test")]), "http-01"));
        Assert.Equal(("challenge", "127.0.0.1", "connection"), (e.Operation, e.Host, e.Problem?.Type));
        Assert.Contains("a.test is not proved", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Renewal_information_replaces_and_profiles_are_understood()
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions
        {
            AlwaysValid = true,
            Profiles = new Dictionary<string, TimeSpan> { ["default"] = TimeSpan.FromDays(90), ["shortlived"] = TimeSpan.FromDays(6) },
        });
        using var ca = await ConnectAsync(pebble);
        using var key = AcmeKey.Create();
        var account = await ca.RegisterAsync(key, Agreed);
        Assert.Equal(["default", "shortlived"], ca.Directory.Profiles.Keys.Order());
        var request = new OrderRequest([AcmeIdentifier.Dns("a.test")]) { Profile = "shortlived" };
        var first = await FindableAsync(account, request);
        using var leaf = X509Certificate2.CreateFromPem(first.Default);
        Assert.InRange((leaf.NotAfter - leaf.NotBefore).TotalDays, 5.9, 6.1);

        var info = await ca.GetRenewalInfoAsync(leaf);
        Assert.InRange(info!.WindowEnd.UtcDateTime, leaf.NotBefore.ToUniversalTime(), leaf.NotAfter.ToUniversalTime());
        Assert.InRange(info.RetryAfter, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1));
        var start = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
        await pebble.SetRenewalInfoAsync(first.Default, start, start.AddDays(1), "https://ca.test/why");
        info = await ca.GetRenewalInfoAsync(leaf);
        Assert.Equal((start, start.AddDays(1), "https://ca.test/why"), (info!.WindowStart, info.WindowEnd, info.Explanation?.AbsoluteUri));
        await pebble.SetRenewalInfoAsync(first.Default, start, start);
        var backwards = await Assert.ThrowsAsync<AcmeException>(() => ca.GetRenewalInfoAsync(leaf));
        Assert.Equal("renewalInfo", backwards.Operation);

        var replacing = request with { Replaces = CertificateId.Of(leaf) };
        await OrderAsync(account, replacing);
        var again = await Assert.ThrowsAsync<AcmeException>(() => account.CreateOrderAsync(replacing));
        Assert.Equal("alreadyReplaced", again.Problem?.Type);
        var unknown = await Assert.ThrowsAsync<AcmeException>(() => account.CreateOrderAsync(request with { Profile = "golden" }));
        Assert.Equal(("newOrder", "invalidProfile", false), (unknown.Operation, unknown.Problem?.Type, unknown.IsTransient));
    }

    [Fact]
    public async Task Certificates_are_revoked_by_the_account_and_by_their_own_key()
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { AlwaysValid = true, NonceRejectPercent = 50 });
        using var ca = await ConnectAsync(pebble);
        using var key = AcmeKey.Create();
        var account = await ca.RegisterAsync(key, Agreed);
        using var rsa = RSA.Create(2048);
        using var p384 = ECDsa.Create(ECCurve.NamedCurves.nistP384);
        using var byAccount = X509Certificate2.CreateFromPem((await OrderAsync(account, new OrderRequest([AcmeIdentifier.Dns("a.test")]))).Default);
        using var byRsa = X509Certificate2.CreateFromPem((await OrderAsync(account, new OrderRequest([AcmeIdentifier.Dns("b.test")]), key: rsa)).Default);
        using var byP384 = X509Certificate2.CreateFromPem((await OrderAsync(account, new OrderRequest([AcmeIdentifier.Dns("c.test")]), key: p384)).Default);
        using AcmeKey rsaKey = AcmeKey.From(rsa), p384Key = AcmeKey.From(p384);
        await account.RevokeAsync(byAccount, RevocationReason.Superseded);
        await ca.RevokeAsync(byRsa, rsaKey, RevocationReason.KeyCompromise);
        await ca.RevokeAsync(byP384, p384Key, RevocationReason.KeyCompromise);
        var e = await Assert.ThrowsAsync<AcmeException>(() => account.RevokeAsync(byRsa, RevocationReason.Unspecified));
        Assert.Equal("alreadyRevoked", e.Problem?.Type);
    }

    [Fact]
    public async Task An_account_is_found_changed_given_another_key_and_closed()
    {
        await using var pebble = await Pebble.StartAsync(new PebbleOptions { AlwaysValid = true, NonceRejectPercent = 50 });
        using var ca = await ConnectAsync(pebble);
        using var key = AcmeKey.Create();
        using var newKey = AcmeKey.Create();
        var missing = await Assert.ThrowsAsync<AcmeException>(() => ca.FindAccountAsync(key));
        Assert.Equal("accountDoesNotExist", missing.Problem?.Type);
        var account = await ca.RegisterAsync(key, Agreed);
        Assert.Equal(account.Location, (await ca.RegisterAsync(key, Agreed)).Location);
        Assert.Equal(account.Location, (await ca.FindAccountAsync(key)).Location);
        Assert.Equal(["mailto:other@example.com"], (await account.UpdateContactsAsync(["mailto:other@example.com"])).Contacts);
        Assert.Equal(AccountStatus.Valid, (await ca.Account(key, account.Location).GetAsync()).Status);

        var changed = await account.RollOverKeyAsync(newKey);
        Assert.Equal(account.Location, (await ca.FindAccountAsync(newKey)).Location);
        Assert.False((await Assert.ThrowsAsync<AcmeException>(() => account.GetAsync())).IsTransient);

        var order = await changed.CreateOrderAsync(new OrderRequest([AcmeIdentifier.Dns("a.test")]));
        var given = await changed.DeactivateAuthorizationAsync(order.Authorizations[0]);
        Assert.Equal(AuthorizationStatus.Deactivated, given.Status);
        await changed.DeactivateAsync();
        Assert.Equal("unauthorized", (await Assert.ThrowsAsync<AcmeException>(() => changed.GetAsync())).Problem?.Type);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_external_account_is_bound_where_the_CA_wants_one(bool debian)
    {
        var hmacKey = RandomNumberGenerator.GetBytes(32);
        await using var pebble = await Pebble.StartAsync(new PebbleOptions
        {
            Debian = debian,
            AlwaysValid = true,
            ExternalAccounts = new Dictionary<string, string> { ["kid-1"] = Base64Url.EncodeToString(hmacKey) },
        });
        using var ca = await ConnectAsync(pebble);
        Assert.True(ca.Directory.ExternalAccountRequired);
        using var key = AcmeKey.Create();
        var without = await Assert.ThrowsAsync<AcmeException>(() => ca.RegisterAsync(key, Agreed));
        Assert.Equal("externalAccountRequired", without.Problem?.Type);
        var wrong = Agreed with { ExternalAccount = new ExternalAccount("kid-1", new byte[32]) };
        Assert.False((await Assert.ThrowsAsync<AcmeException>(() => ca.RegisterAsync(key, wrong))).IsTransient);
        var account = await ca.RegisterAsync(key, Agreed with { ExternalAccount = new ExternalAccount("kid-1", hmacKey) });
        var chains = await OrderAsync(account, new OrderRequest([AcmeIdentifier.Dns("a.test")]));
        Assert.True(Verifies(chains.Default, await pebble.IssuingRootPemAsync()));
        using var leaf = X509Certificate2.CreateFromPem(chains.Default);
        if (debian) Assert.Null(await ca.GetRenewalInfoAsync(leaf));
    }

    static Task<AcmeServer> ConnectAsync(Pebble pebble) =>
        AcmeServer.ConnectAsync(pebble.Directory, new AcmeServerOptions { TrustedRoots = pebble.HttpsRoots });

    /// <summary>Pebble does not find what it has issued where the encoding of the serial number begins with a zero byte (1 in 256).</summary>
    static async Task<CertificateChains> FindableAsync(AcmeAccount account, OrderRequest request)
    {
        for (var tries = 1; ; tries++)
        {
            var chains = await OrderAsync(account, request);
            using var leaf = X509Certificate2.CreateFromPem(chains.Default);
            if (leaf.SerialNumberBytes.Span[0] < 0x80) return chains;
            Assert.True(tries < 10, "ten serial numbers with a high bit");
        }
    }

    static async Task<CertificateChains> OrderAsync(
        AcmeAccount account, OrderRequest request, string? type = null, Func<Challenge, Task>? present = null, AsymmetricAlgorithm? key = null)
    {
        var order = await account.CreateOrderAsync(request);
        foreach (var url in order.Authorizations)
        {
            var authorization = await account.GetAuthorizationAsync(url);
            if (authorization.Status == AuthorizationStatus.Valid) continue;
            var challenge = authorization.Challenges.First(offered => type is null || offered.Type == type);
            if (present is not null) await present(challenge);
            await account.AcceptChallengeAsync(challenge);
            await account.WaitForAuthorizationAsync(url, Patience);
        }

        order = await account.WaitForOrderAsync(order.Location, OrderStatus.Ready, Patience);
        order = await account.FinalizeAsync(order, SigningRequest(request, key));
        order = await account.WaitForOrderAsync(order.Location, OrderStatus.Valid, Patience);
        return await account.DownloadAsync(order);
    }

    static byte[] SigningRequest(OrderRequest order, AsymmetricAlgorithm? key)
    {
        using var own = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = key is RSA rsa
            ? new CertificateRequest("", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest("", key as ECDsa ?? own, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var identifier in order.Identifiers)
        {
            if (identifier.Type == "ip") names.AddIpAddress(IPAddress.Parse(identifier.Value));
            else names.AddDnsName(identifier.Value);
        }

        request.CertificateExtensions.Add(names.Build());
        return request.CreateSigningRequest();
    }

    static bool Verifies(string chain, string rootPem)
    {
        X509Certificate2Collection certificates = [];
        certificates.ImportFromPem(chain);
        using var root = X509Certificate2.CreateFromPem(rootPem);
        using var builder = new X509Chain();
        builder.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        builder.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        builder.ChainPolicy.CustomTrustStore.Add(root);
        builder.ChainPolicy.ExtraStore.AddRange(certificates);
        return builder.Build(certificates[0]);
    }
}
