using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Everything <c>doctor</c> looks at, side by side. Whatever goes wrong with one look is a finding of its own.</summary>
static class Examinations
{
    /// <summary>For each: a name server or a CA that does not answer is a finding, too.</summary>
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(15);

    /// <param name="options">What the edge is to be run with.</param>
    /// <param name="edge">What the running edge says of itself; null where none runs.</param>
    /// <param name="ca">Null where certificates come from elsewhere.</param>
    /// <param name="resolver">The system's list of name servers.</param>
    public static IEnumerable<Examination> All(EdgeOptions options, ReadyStatus? edge, CaDirectory? ca, string resolver, TimeProvider time)
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
                Examination.Of("preferred chain", () => PreferredRoot.Look(options, time)),
                new("dns-persist-01", token => PersistentRecords.LookAsync(options, ca, dns, token)),
            ],
            .. options.Upstreams.Select(upstream => new Examination("upstream", token => Upstream.LookAsync(upstream, token))),
            Examination.Of("source ports", () => UpstreamPortCheck.Look(edge)),
            .. options.Certificates.Files.Count == 0 ? (IEnumerable<Examination>)[] :
                [new("certificate files", token => NamedFiles.LookAsync(options, time, token))],
            Examination.Of("chain", () => Chains.Look(options, time)),
            Examination.Of("data directory", () => DataFolder.Look(options)),
            Examination.Of("openssl", Machine.LookAtOpenSsl),
            new("policy", token => Machine.LookAtPolicyAsync(options, time, token)),
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
            // The second wait is for what does not listen to its token, such as the system's resolver.
            return await Task.Run(async () => (await examination.LookAsync(either.Token)).ToList(), cancellationToken).WaitAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [new(examination.Check, FindingStatus.Warn, $"no answer within {Limit.TotalSeconds:0} s", "see to the network and the name servers of this machine")];
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            return [new(examination.Check, FindingStatus.Warn, $"could not be looked at: {e.Message.TrimEnd('.')}", "run doctor again, as the user that the edge runs as")];
        }
    }
}
