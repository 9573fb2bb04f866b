using ImGateway.Edge.Configuration;
using ImGateway.Testing;

namespace ImGateway.Edge.Tests.Tls;

/// <summary>Key exchange by real clients that offer one group, or the hybrid behind another one, on the system's OpenSSL and on 3.5.</summary>
public sealed class GroupTests(TlsFixture tls, GroupTests.NewerEdge newer) : IClassFixture<GroupTests.NewerEdge>
{
    const string Hybrid = "X25519MLKEM768";

    [Theory]
    [InlineData("X25519")]
    [InlineData("P-256")]
    [InlineData("P-384")]
    [InlineData("P-521")]
    public async Task An_allowed_group_alone_is_accepted(string group)
    {
        var edge = await tls.EdgeAsync(TestedEngines.Default);
        foreach (var options in (string[][])[["-tls1_3"], ["-tls1_2", "-servername", "rsa.test"]])
        {
            AssertAccepted(await OfferAsync(ExternalTool.OpenSsl, edge, group, options));
            AssertAccepted(await OfferAsync(ExternalTool.NewOpenSsl, await newer.EdgeAsync(tls), group, options));
        }
    }

    [Theory]
    [InlineData("X448", "-tls1_3")]
    [InlineData("X448", "-tls1_2")]
    [InlineData("secp256k1", "-tls1_2")]
    [InlineData("brainpoolP256r1", "-tls1_2")]
    [InlineData("brainpoolP512r1", "-tls1_2")]
    [InlineData("ffdhe2048", "-tls1_3")]
    [InlineData("ffdhe3072", "-tls1_3")]
    [InlineData("ffdhe4096", "-tls1_3")]
    [InlineData("ffdhe6144", "-tls1_3")]
    [InlineData("ffdhe8192", "-tls1_3")]
    public async Task Any_other_group_alone_is_refused(string group, string version)
    {
        AssertRefused(await OfferAsync(ExternalTool.OpenSsl, await tls.EdgeAsync(TestedEngines.Default), group, version, "-servername", "rsa.test"));
        AssertRefused(await OfferAsync(ExternalTool.NewOpenSsl, await newer.EdgeAsync(tls), group, version, "-servername", "rsa.test"));
    }

    [Theory]
    [InlineData("SecP256r1MLKEM768")]
    [InlineData("SecP384r1MLKEM1024")]
    [InlineData("MLKEM768")]
    [InlineData("brainpoolP256r1tls13")]
    public async Task Groups_that_only_OpenSSL_3_5_has_are_refused(string group) =>
        AssertRefused(await OfferAsync(ExternalTool.NewOpenSsl, await newer.EdgeAsync(tls), group, "-tls1_3"));

    [Theory]
    [InlineData(Hybrid)]
    [InlineData($"X25519:{Hybrid}")]
    [InlineData($"P-256:{Hybrid}")]
    [InlineData($"P-521:X448:{Hybrid}")]
    public async Task OpenSSL_3_5_prefers_the_hybrid_wherever_the_client_has_it(string groups)
    {
        var result = await OfferAsync(ExternalTool.NewOpenSsl, await newer.EdgeAsync(tls), groups, "-tls1_3");

        AssertAccepted(result);
        Assert.Contains($"Negotiated TLS1.3 group: {Hybrid}", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_of_TLS_1_2_that_has_the_hybrid_first_gets_another_group() =>
        AssertAccepted(await OfferAsync(ExternalTool.NewOpenSsl, await newer.EdgeAsync(tls), $"{Hybrid}:X25519:P-256", "-tls1_2"));

    [Theory]
    [InlineData(KeyType.P384, "P-384")]
    [InlineData(KeyType.P256, "P-256")]
    public async Task TLS_1_2_with_a_key_on_a_curve_that_the_client_has_is_served_on_OpenSSL_3_5(KeyType key, string curve)
    {
        using var directory = new TemporaryDirectory();
        using var certificate = tls.Ca.Issue([TlsFixture.Gateway], key);
        using var copy = ProgramCopy.CreateOnNewOpenSsl();
        await using var edge = await EdgeProcess.StartAsync(
            new EdgeSetup { Hosts = [TlsFixture.Gateway], Files = [certificate.WriteTo(directory.Path)], Program = copy.Program });

        AssertAccepted(await OfferAsync(ExternalTool.NewOpenSsl, edge, $"X25519:{curve}", "-tls1_2"));
    }

    [Fact]
    public async Task The_copy_runs_on_OpenSSL_3_5_and_doctor_finds_its_policy_in_force()
    {
        var edge = await newer.EdgeAsync(tls);

        var doctor = await newer.Copy.RunAsync("doctor", "--config", edge.ConfigFile);

        Assert.Matches(@"ok +openssl +3\.[5-9]", doctor.Output);
        Assert.Matches(@"ok +policy +Intermediate is in force", doctor.Output);
    }

    static Task<ToolResult> OfferAsync(string client, EdgeProcess edge, string groups, params string[] options)
    {
        string[] name = options.Contains("-servername") ? [] : ["-servername", TlsFixture.Gateway];
        return ExternalTool.RunAsync(client, ["s_client", "-connect", edge.Https.ToString(), "-groups", groups, .. name, .. options]);
    }

    static void AssertAccepted(ToolResult result)
    {
        Assert.True(result.ExitCode == 0, result.All);
        Assert.Matches("New, TLSv1\\.[23], Cipher is (TLS|ECDHE)", result.Output);
    }

    // RFC 8446 §4.1.1: no overlap of groups is handshake_failure, which is what OpenSSL's client writes of alert 40.
    static void AssertRefused(ToolResult result)
    {
        Assert.True(result.ExitCode == 1, result.All);
        Assert.Contains("handshake failure", result.Error, StringComparison.Ordinal);
        Assert.Contains("alert number 40", result.Error, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>One edge on OpenSSL 3.5 for the tests of this class.</summary>
    public sealed class NewerEdge : IAsyncLifetime
    {
        ProgramCopy? _copy;
        EdgeProcess? _edge;

        public ProgramCopy Copy => _copy!;

        /// <summary>Tests of one class run one after the other.</summary>
        public async Task<EdgeProcess> EdgeAsync(TlsFixture tls)
        {
            _copy ??= ProgramCopy.CreateOnNewOpenSsl();
            return _edge ??= await EdgeProcess.StartAsync(tls.Setup(TestedEngines.Default) with { Program = _copy.Program });
        }

        public ValueTask InitializeAsync() => ValueTask.CompletedTask;

        public async ValueTask DisposeAsync()
        {
            if (_edge is not null) await _edge.DisposeAsync();
            _copy?.Dispose();
        }
    }
}
