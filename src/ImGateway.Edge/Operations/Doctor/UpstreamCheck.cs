using System.Net.Sockets;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks whether the gateway accepts connections and its health endpoint succeeds.</summary>
static class UpstreamCheck
{
    const string Check = "upstream";

    static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);

    public static async Task<IEnumerable<Finding>> CheckAsync(Uri upstream, CancellationToken cancellationToken)
    {
        var name = upstream.GetLeftPart(UriPartial.Authority);
        using var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, ConnectTimeout = TimeLimit }) { Timeout = TimeLimit };
        try
        {
            using var answer = await client.GetAsync(new Uri(upstream, "/health"), HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return
            [
                answer.IsSuccessStatusCode
                    ? new(Check, FindingStatus.Ok, $"{name} answers")
                    : new(Check, FindingStatus.Warn, $"{name}/health answers {(int)answer.StatusCode}", "see to the gateway"),
            ];
        }
        catch (HttpRequestException e) when (e.InnerException is SocketException)
        {
            return [new(Check, FindingStatus.Fail, $"{name} cannot be reached ({e.InnerException.Message.TrimEnd('.')})", "start the gateway, or correct Edge:Upstreams")];
        }
        catch (HttpRequestException e)
        {
            return [new(Check, FindingStatus.Fail, $"{name} does not speak HTTP ({e.GetBaseException().Message.TrimEnd('.')})", "correct Edge:Upstreams")];
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [new(Check, FindingStatus.Fail, $"{name}/health is not answered within {TimeLimit.TotalSeconds:0} s", "see to the gateway and what lies between")];
        }
    }
}
