using System.Net;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks from this machine whether the plain listener answers http-01 requests (RFC 8555 §8.3).</summary>
static class HttpChallengePortCheck
{
    const string Check = "http-01";
    const string Outside = "whether the Internet reaches it cannot be seen from here";

    /// <param name="running">Whether an edge is running.</param>
    public static async Task<IEnumerable<Finding>> CheckAsync(EdgeOptions options, bool running, CancellationToken cancellationToken)
    {
        if (!options.Acme.Challenges.Contains(ChallengeTypes.Http, StringComparer.Ordinal)) return [];
        var listeners = options.Listen.Http.Where(address => address.Port != 0).ToList();
        List<Finding> findings = [];
        if (!listeners.Exists(address => address.Port == 80))
        {
            findings.Add(new(Check, FindingStatus.Warn, "CAs connect to port 80, which Edge:Listen:Http does not have", "have a router or container forward port 80 to it, or listen there"));
        }

        if (running && options.Listen.ProxyProtocol) findings.Add(new(Check, FindingStatus.Ok, $"not tried, because Edge:Listen:ProxyProtocol accepts only balancers; {Outside}"));
        else if (running) findings.AddRange(await Task.WhenAll(listeners.Select(address => AskAsync(address, options.Hosts[0], cancellationToken))));
        else findings.Add(new(Check, FindingStatus.Ok, $"not tried, as no edge runs; {Outside}"));
        return findings;
    }

    static async Task<Finding> AskAsync(ListenAddress address, HostName host, CancellationToken cancellationToken)
    {
        var target = address.Address is null || address.Address.Equals(IPAddress.Any) ? IPAddress.Loopback
            : address.Address.Equals(IPAddress.IPv6Any) ? IPAddress.IPv6Loopback
            : address.Address;
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://{new IPEndPoint(target, address.Port)}/.well-known/acme-challenge/imgw-doctor");
        request.Headers.Host = host.UriHost.Replace("*", "imgw-doctor", StringComparison.Ordinal);
        try
        {
            using var answer = await client.SendAsync(request, cancellationToken);
            // The token is not pending, so 404 is correct.
            return answer.StatusCode is HttpStatusCode.NotFound
                ? new(Check, FindingStatus.Ok, $"{address} answers; {Outside}")
                : new(Check, FindingStatus.Fail, $"{address} answers {(int)answer.StatusCode} where a challenge is looked for", "see which program has the port (ss -ltnp), and that the edge runs with this configuration");
        }
        catch (HttpRequestException e)
        {
            return new(Check, FindingStatus.Fail, $"{address} does not answer ({e.GetBaseException().Message.TrimEnd('.')})", "see that the edge runs with this configuration");
        }
    }
}
