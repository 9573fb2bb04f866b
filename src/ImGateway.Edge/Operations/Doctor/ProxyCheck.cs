using System.Net.Sockets;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks whether the proxy for outgoing connections accepts them. The check of the CA shows whether it forwards them.</summary>
/// <param name="Key">The setting or variable that names the proxy.</param>
/// <param name="IsOnTheWay">Whether requests to the CA use the proxy; certificates are not renewed without it.</param>
sealed record ProxyCheck(string Key, OutgoingProxyAddress Proxy, bool IsOnTheWay)
{
    const string Check = "outgoing proxy";

    static readonly TimeSpan TimeLimit = TimeSpan.FromSeconds(5);

    bool IsVariable => !Key.Contains(':', StringComparison.Ordinal);

    public static IEnumerable<ProxyCheck> Of(EdgeOptions options)
    {
        var toCa = options.Certificates.Source is CertificateSource.Acme && AcmeDirectories.UrlOf(options.Acme.Directory) is { } directory
            ? OutgoingProxy.For(directory, options)
            : null;
        if (options.OutgoingProxy is { } own) yield return new("Edge:OutgoingProxy", own, own == toCa);
        if (options.ProxyEnvironment.Https is { } https) yield return new("HTTPS_PROXY", https, https == toCa);
        if (options.ProxyEnvironment.Http is { } http) yield return new("HTTP_PROXY", http, http == toCa);
    }

    public async Task<IEnumerable<Finding>> CheckAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(TimeLimit, time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(Proxy.Uri.IdnHost, Proxy.Uri.Port, limit.Token);
            return [new(Check, FindingStatus.Ok, $"{Proxy} of {Key} takes connections{(IsVariable ? "; the edge's own environment may differ from that of this doctor" : "")}")];
        }
        catch (SocketException e)
        {
            return [Failed(e.Message.TrimEnd('.'))];
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return [Failed($"no answer within {TimeLimit.TotalSeconds:0} s")];
        }
    }

    Finding Failed(string why) => new(Check, IsOnTheWay ? FindingStatus.Fail : FindingStatus.Warn, $"{Proxy} cannot be reached ({why})", $"start it, or correct {Key}");
}
