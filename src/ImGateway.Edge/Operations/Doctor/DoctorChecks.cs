using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Runs all checks of <c>doctor</c> concurrently. A check that fails becomes a finding itself.</summary>
static class DoctorChecks
{
    /// <summary>The time limit of each check: a name server or a CA that does not answer is a finding too.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <param name="options">The configuration to check.</param>
    /// <param name="edge">The running edge's report; null if no edge is running.</param>
    /// <param name="ca">Null if certificates do not come from an ACME CA.</param>
    /// <param name="resolver">The path of resolv.conf(5).</param>
    /// <param name="engine">Performs the handshakes of the checks.</param>
    /// <param name="fallback">Why the engine is not the configured one; null if it is.</param>
    public static IEnumerable<DoctorCheck> All(
        EdgeOptions options, ReadyStatus? edge, CaDirectory? ca, string resolver, ITlsEngine engine, string? fallback, TimeProvider time)
    {
        var dns = new Resolver(NameServers.In(resolver), time, RootTrustAnchors.OfIana);
        return
        [
            DoctorCheck.Of("listen", () => ListenPortCheck.Run(options.Listen, edge is not null)),
            .. options.Hosts.Where(host => !host.IsAddress).SelectMany(host => (IEnumerable<DoctorCheck>)
            [
                new("dns", token => HostAddressCheck.CheckAsync(host, options, dns, token)),
                new("dnssec", token => DnssecCheck.CheckAsync(host, dns, token)),
                new("caa", async token => await CaaRecordCheck.CheckAsync(host, options.Acme.Challenges, ca?.Name, ca is null ? [] : await ca.CaaIdentitiesAsync(token), dns, token)),
            ]),
            .. ProxyCheck.Of(options).Select(proxy => new DoctorCheck("outgoing proxy", token => proxy.CheckAsync(time, token))),
            .. ca is null ? (IEnumerable<DoctorCheck>)[] :
            [
                new("ca", token => ca.CheckAsync(options, token)),
                new("clock", ca.CheckClockAsync),
                new("http-01", token => HttpChallengePortCheck.CheckAsync(options, edge is not null, token)),
                new("preferred chain", token => PreferredRootCheck.CheckAsync(options, time, token)),
                new("dns-persist-01", token => PersistentRecordCheck.CheckAsync(options, ca, dns, token)),
            ],
            .. options.Upstreams.Select(upstream => new DoctorCheck("upstream", token => UpstreamCheck.CheckAsync(upstream, token))),
            DoctorCheck.Of("source ports", () => SourcePortCheck.Run(edge)),
            .. options.Certificates.Files.Count == 0 ? (IEnumerable<DoctorCheck>)[] :
                [new("certificate files", token => ConfiguredFilesCheck.CheckAsync(options, engine, time, token))],
            new("chain", token => ChainCheck.CheckAsync(options, time, token)),
            DoctorCheck.Of("data directory", () => DataDirectoryCheck.Run(options)),
            DoctorCheck.Of("openssl", () => MachineChecks.CheckOpenSsl(engine.Policy)),
            DoctorCheck.Of("engine", () => MachineChecks.CheckEngine(engine, fallback)),
            new("policy", token => MachineChecks.CheckPolicyAsync(options, engine, time, token)),
            new("file descriptors", token => MachineChecks.CheckLimitsAsync(options, token)),
        ];
    }

    public static async Task<IReadOnlyList<Finding>> RunAsync(IEnumerable<DoctorCheck> checks, TimeProvider time, CancellationToken cancellationToken) =>
        [.. (await Task.WhenAll(checks.Select(check => RunOneAsync(check, time, cancellationToken)))).SelectMany(findings => findings)];

    static async Task<IEnumerable<Finding>> RunOneAsync(DoctorCheck check, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            // The second time-out is for calls that ignore cancellation, such as the system's resolver.
            return await Task.Run(async () => (await check.RunAsync(either.Token)).ToList(), cancellationToken).WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [new(check.Check, FindingStatus.Warn, $"no answer within {Limit.TotalSeconds:0} s", "see to the network and the name servers of this machine")];
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return [new(check.Check, FindingStatus.Warn, $"the check failed: {e.Message.TrimEnd('.')}", "run doctor again, as the user that the edge runs as")];
        }
    }
}
