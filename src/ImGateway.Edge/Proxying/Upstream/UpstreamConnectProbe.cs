using System.Net;
using System.Net.Sockets;
using Yarp.ReverseProxy.Model;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>Checks whether a gateway accepts connections, by connecting without a request.</summary>
static class UpstreamConnectProbe
{
    /// <summary>Whether any of <paramref name="destinations"/> accepts a connection; all are tried concurrently.</summary>
    public static async Task<bool> ConnectsAsync(
        IReadOnlyList<DestinationState> destinations, TimeSpan limit, FailedAddresses failed, TimeProvider time, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(limit, time);
        using var decided = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        var probes = destinations.Select(destination => ConnectsAsync(destination.Model.Config.Address, failed, time, decided.Token)).ToList();
        var connects = false;
        await foreach (var probe in Task.WhenEach(probes))
        {
            if (connects || !await probe) continue;
            connects = true;
            await decided.CancelAsync();
        }

        cancellationToken.ThrowIfCancellationRequested();
        return connects;
    }

    static async Task<bool> ConnectsAsync(string destination, FailedAddresses failed, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            var address = new Uri(destination);
            await using var connection = await UpstreamClientFactory.ProbeAsync(new DnsEndPoint(address.IdnHost, address.Port), failed, time, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or UriFormatException)
        {
            return false;
        }
    }
}
