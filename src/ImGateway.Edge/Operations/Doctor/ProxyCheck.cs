using System.Net.Sockets;
using ImGateway.Edge.Configuration;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Whether a proxy for outgoing connections takes them. What it lets pass is seen by asking the CA.</summary>
/// <param name="Key">Which setting or variable names it.</param>
sealed record ProxyCheck(string Key, ProxyAddress Proxy)
{
    const string Check = "outgoing proxy";

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    bool IsVariable => !Key.Contains(':', StringComparison.Ordinal);

    public static IEnumerable<ProxyCheck> Of(EdgeOptions options)
    {
        if (options.OutgoingProxy is { } own) yield return new("Edge:OutgoingProxy", own);
        if (options.ProxyEnvironment.Https is { } https) yield return new("HTTPS_PROXY", https);
        if (options.ProxyEnvironment.Http is { } http) yield return new("HTTP_PROXY", http);
    }

    public async Task<IEnumerable<Finding>> LookAsync(TimeProvider time, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(Patience, time);
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
            return [Failed($"no answer within {Patience.TotalSeconds:0} s")];
        }
    }

    Finding Failed(string why) => new(Check, FindingStatus.Fail, $"{Proxy} cannot be reached ({why})", $"start it, or correct {Key}");
}
