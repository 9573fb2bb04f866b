using System.Buffers;
using System.IO.Pipelines;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using ImGateway.Edge.Configuration;
using ImGateway.Edge.Tls.Policy;

namespace ImGateway.Edge.Tls;

/// <summary>
/// Verifies with raw ClientHello messages that the TLS policy is in force, because neither .NET nor OpenSSL reports an ineffective policy file.
/// </summary>
sealed class TlsPolicySelfTest(ServerCertificateSelector selector, EdgeOptions options, TimeProvider time)
{
    const ushort Tls10 = 0x0301, Tls11 = 0x0302, Tls12 = 0x0303, Tls13 = 0x0304;

    static readonly ushort[] Strong = [.. PolicySuites.Tls12.Select(suite => (ushort)suite)];

    static readonly ushort[] Weak =
    [
        0xC009, 0xC00A, 0xC023, 0xC024, 0xC013, 0xC014, 0xC027, 0xC028, // ECDHE with CBC
        0xC0AC, 0xC0AD, 0xC0AE, 0xC0AF, // ECDHE_ECDSA with CCM
        0xC05C, 0xC05D, 0xC060, 0xC061, 0xC072, 0xC073, 0xC076, 0xC077, // ECDHE with ARIA, Camellia
        0x009E, 0x009F, 0xCCAA, 0x0033, 0x0039, 0x0067, 0x006B, // DHE
        0x002F, 0x0035, 0x003C, 0x003D, 0x009C, 0x009D, 0xC09C, 0xC09D, 0xC0A0, 0xC0A1, // RSA key exchange
        0x000A, 0xC008, 0xC012, 0x0005, 0xC007, 0xC011, 0x0001, 0x0002, 0xC006, 0xC010, // 3DES, RC4, no encryption
        0x0018, 0x0034, 0x006C, 0x00A6, 0xC015, 0xC018, 0xC019, // no authentication
    ];

    static readonly ushort[] Strong13 = [.. PolicySuites.Tls13.Select(suite => (ushort)suite)];

    static readonly ushort[] Weak13 = [0x1304, 0x1305]; // AES-CCM

    readonly TlsMiddleware _middleware = TlsMiddleware.ForSelfTests(selector, options.Tls, time);

    LoadedTlsPolicy Policy => selector.Engine.Policy;

    /// <summary>
    /// For the start, before certificates are loaded: returns deviations from the policy, or nothing if it is in force. Uses a temporary key,
    /// so that problems of certificates and of the policy are not confused.
    /// </summary>
    public static async Task<IReadOnlyList<string>> ProblemsAsync(EdgeOptions options, ITlsEngine engine, TimeProvider time, CancellationToken cancellationToken)
    {
        if (engine.Policy.Problem is { } problem) return [problem];
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var (now, host) = (time.GetUtcNow(), options.Hosts[0]);
        using var leaf = new CertificateRequest("CN=imgw TLS policy self test", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddHours(-1), now.AddHours(1));
        var selector = new ServerCertificateSelector(options, engine);
        selector.Publish(new Dictionary<HostName, Credential> { [host] = new(leaf, [], [host]) });
        var selfTest = new TlsPolicySelfTest(selector, options, time);
        return selfTest.NotInForce(await selfTest.DeviationsAsync(host, "ECDSA", cancellationToken));
    }

    /// <summary>The same check for <c>validate</c>, if the needed sections are valid.</summary>
    public static async Task<IReadOnlyList<string>> ProblemsAsync(
        ConfigurationResult configuration, ITlsEngine engine, TimeProvider time, CancellationToken cancellationToken) =>
        configuration.IsValid("Edge:Hosts") && configuration.IsValid("Edge:Tls") ? await ProblemsAsync(configuration.Draft, engine, time, cancellationToken)
            : engine.Policy.Problem is { } problem ? [problem] : [];

    /// <summary>
    /// Deviations with the key types that are served, since suites of another key type are refused under any policy. A refusal
    /// that occurs only here is a problem of the certificate, which <see cref="CertificateSelfTest"/> finds.
    /// </summary>
    public async Task<IReadOnlyList<string>> ServedProblemsAsync(CancellationToken cancellationToken)
    {
        List<Deviation> found = [];
        foreach (var (host, credential) in selector.Served.DistinctBy(served => served.Value.Leaf.GetKeyAlgorithm()))
        {
            found.AddRange((await DeviationsAsync(host, KindOf(credential), cancellationToken)).Where(deviation => deviation.IsOfPolicy));
        }

        return NotInForce(found);
    }

    /// <summary>Null if the policy is in force with the certificate served for <paramref name="host"/>; otherwise the problem.</summary>
    public async Task<string?> ProblemAsync(HostName host, Credential credential, CancellationToken cancellationToken)
    {
        if (Policy.Problem is { } problem) return problem;
        var found = await DeviationsAsync(host, KindOf(credential), cancellationToken);
        return found.Count == 0 ? null
            : found.Any(deviation => deviation.IsOfPolicy) ? NotInForce([.. found.Where(deviation => deviation.IsOfPolicy)])[0]
            : $"with this certificate {string.Join(", ", found)}";
    }

    List<string> NotInForce(IReadOnlyList<Deviation> found) =>
        [.. found.Distinct().Select(deviation => $"{Policy.Source}: not in force: {deviation}; {Policy.Remedy}")];

    static string KindOf(Credential credential)
    {
        using var ecdsa = credential.Leaf.GetECDsaPublicKey();
        return ecdsa is null ? "RSA" : "ECDSA";
    }

    /// <param name="key">The key type of the certificate of <paramref name="host"/>.</param>
    async Task<IReadOnlyList<Deviation>> DeviationsAsync(HostName host, string key, CancellationToken cancellationToken)
    {
        List<Deviation> found = [];
        await ExpectAsync(false, Tls10, [.. Strong, .. Weak], "TLS 1.0");
        await ExpectAsync(false, Tls11, [.. Strong, .. Weak], "TLS 1.1");
        await ExpectAsync(false, Tls12, Weak, $"a weak TLS 1.2 suite (key {key})");
        await ExpectAsync(false, Tls13, Weak13, "AES-CCM in TLS 1.3");
        if (await ExpectAsync(true, Tls13, Strong13, "TLS 1.3")) await ExpectGroupsAsync();
        await ExpectAsync(options.Tls.Policy is TlsPolicy.Intermediate, Tls12, Strong, $"TLS 1.2 with a strong suite (key {key})");
        return found;

        async Task<bool> ExpectAsync(bool accepted, ushort version, ushort[] suites, string what)
        {
            var response = await OfferAsync(host, version, suites, [.. PolicyGroups.Classic], false, cancellationToken);
            if (response is not null != accepted) found.Add(new(response is not null, response is null ? what : $"{what}: {response.Suite}", response is not null));
            return response is not null;
        }

        // Not tested with TLS 1.2, where the same list applies to certificates: a certificate on a curve that is not offered would be refused.
        async Task ExpectGroupsAsync()
        {
            if (await OfferGroupsAsync([.. PolicyGroups.Refused]) is { } other) found.Add(new(true, $"the key exchange {other.Group}", true));
            foreach (var group in PolicyGroups.Allowed)
            {
                if (await OfferGroupsAsync([group]) is null) found.Add(new(false, $"the key exchange {group}", true));
            }

            if (PolicyGroups.HasHybrid && await OfferGroupsAsync([NamedGroup.X25519, NamedGroup.X25519MLKEM768], x25519Share: true) is { Group: NamedGroup.X25519 })
                found.Add(new(true, $"the key exchange X25519 of a client that has {NamedGroup.X25519MLKEM768}", true));
        }

        Task<ProbeServerHello?> OfferGroupsAsync(NamedGroup[] groups, bool x25519Share = false) =>
            OfferAsync(host, Tls13, Strong13, groups, x25519Share, cancellationToken);
    }

    /// <summary>Null if there is no ServerHello.</summary>
    async Task<ProbeServerHello?> OfferAsync(
        HostName host, ushort version, ushort[] suites, NamedGroup[] groups, bool x25519Share, CancellationToken cancellationToken)
    {
        var (name, address) = InMemoryConnection.ClientOf(host);
        await using var connection = new InMemoryConnection(_middleware.Use, address);
        await connection.Client.Output.WriteAsync(ProbeClientHello.Write(version, suites, groups, x25519Share, name), cancellationToken);
        var prefix = await ReadPrefixAsync(connection.Client.Input, cancellationToken);
        return ProbeServerHello.Read(prefix);
    }

    static async Task<byte[]> ReadPrefixAsync(PipeReader input, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await input.ReadAsync(cancellationToken);
            if (read.IsCompleted || read.Buffer.Length >= ProbeServerHello.LongestPrefix)
                return read.Buffer.Slice(0, Math.Min(read.Buffer.Length, ProbeServerHello.LongestPrefix)).ToArray();
            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    /// <param name="IsOfPolicy">Whether the policy is the cause; otherwise a certificate may be.</param>
    readonly record struct Deviation(bool IsAccepted, string What, bool IsOfPolicy)
    {
        public override string ToString() => $"the edge {(IsAccepted ? "accepts" : "refuses")} {What}";
    }
}
