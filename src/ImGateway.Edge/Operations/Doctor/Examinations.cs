using ImGateway.Edge.Configuration;
using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Tls;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Runs all checks of <c>doctor</c> concurrently. A check that fails becomes a finding itself.</summary>
static class Examinations
{
    /// <summary>The time limit of each check: a name server or a CA that does not answer is a finding too.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <param name="options">The configuration to check.</param>
    /// <param name="edge">The running edge's report; null if no edge is running.</param>
    /// <param name="ca">Null if certificates do not come from an ACME CA.</param>
    /// <param name="resolver">The path of resolv.conf(5).</param>
    /// <param name="engine">Performs the handshakes of the checks.</param>
    public static IEnumerable<Examination> All(EdgeOptions options, ReadyStatus? edge, CaDirectory? ca, string resolver, ITlsEngine engine, TimeProvider time)
    {
        var dns = new Resolver(NameServers.In(resolver), time, RootKeys.OfIana);
        return
        [
            Examination.Of("listen", () => ListenPorts.Look(options.Listen, edge is not null)),
            .. options.Hosts.Where(host => !host.IsAddress).SelectMany(host => (IEnumerable<Examination>)
            [
                new("dns", token => HostAddresses.LookAsync(host, options, dns, token)),
                new("dnssec", token => DnsSecurity.LookAsync(host, dns, token)),
                new("caa", async token => await CaaRecords.LookAsync(host, options.Acme.Challenges, ca?.Name, ca is null ? [] : await ca.CaaIdentitiesAsync(token), dns, token)),
            ]),
            .. ProxyCheck.Of(options).Select(proxy => new Examination("outgoing proxy", token => proxy.LookAsync(time, token))),
            .. ca is null ? (IEnumerable<Examination>)[] :
            [
                new("ca", token => ca.LookAsync(options, token)),
                new("clock", ca.LookAtClockAsync),
                new("http-01", token => HttpChallengePort.LookAsync(options, edge is not null, token)),
                new("preferred chain", token => PreferredRoot.LookAsync(options, time, token)),
                new("dns-persist-01", token => PersistentRecords.LookAsync(options, ca, dns, token)),
            ],
            .. options.Upstreams.Select(upstream => new Examination("upstream", token => Upstream.LookAsync(upstream, token))),
            Examination.Of("source ports", () => UpstreamPortCheck.Look(edge)),
            .. options.Certificates.Files.Count == 0 ? (IEnumerable<Examination>)[] :
                [new("certificate files", token => NamedFiles.LookAsync(options, engine, time, token))],
            new("chain", token => Chains.LookAsync(options, time, token)),
            Examination.Of("data directory", () => DataFolder.Look(options)),
            Examination.Of("openssl", () => Machine.LookAtOpenSsl(engine.Policy)),
            new("policy", token => Machine.LookAtPolicyAsync(options, engine, time, token)),
            new("file descriptors", token => Machine.LookAtLimitsAsync(options, token)),
        ];
    }

    public static async Task<IReadOnlyList<Finding>> RunAsync(IEnumerable<Examination> examinations, TimeProvider time, CancellationToken cancellationToken) =>
        [.. (await Task.WhenAll(examinations.Select(examination => LookAsync(examination, time, cancellationToken)))).SelectMany(findings => findings)];

    static async Task<IEnumerable<Finding>> LookAsync(Examination examination, TimeProvider time, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            // The second time-out is for calls that ignore cancellation, such as the system's resolver.
            return await Task.Run(async () => (await examination.LookAsync(either.Token)).ToList(), cancellationToken).WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [new(examination.Check, FindingStatus.Warn, $"no answer within {Limit.TotalSeconds:0} s", "see to the network and the name servers of this machine")];
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return [new(examination.Check, FindingStatus.Warn, $"the check failed: {e.Message.TrimEnd('.')}", "run doctor again, as the user that the edge runs as")];
        }
    }
}
