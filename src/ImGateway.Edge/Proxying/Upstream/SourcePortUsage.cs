using System.Net;
using ImGateway.Edge.Connections.Limits;
using Prometheus;
using Yarp.ReverseProxy.Configuration;

namespace ImGateway.Edge.Proxying.Upstream;

/// <summary>Source ports in use towards one address and port of a gateway.</summary>
/// <param name="Used">Open connections.</param>
/// <param name="Limit">The maximum.</param>
public sealed record SourcePortUse(int Used, int Limit)
{
    internal bool IsNearlyExhausted => Used >= LimitStatus.NearlyExhaustedFrom * Limit;
}

/// <summary>
/// Counts the source ports in use towards each destination, one for each open connection. Labels are the configured destinations; one that is no
/// longer configured keeps its label until the reload after its last connection has closed.
/// </summary>
sealed class SourcePortUsage(IMetricFactory metrics)
{
    readonly Lock _lock = new();
    readonly Dictionary<DnsEndPoint, Gauge.Child> _used = [];

    readonly Gauge _usedByDestination = metrics.CreateGauge(
        "imgw_upstream_ports_used", "Source ports in use towards a destination, one for each open connection. One whose connection the edge has closed first is blocked for another minute (TIME_WAIT).", ["destination"]);

    readonly Gauge _limit = metrics.CreateGauge(
        "imgw_upstream_ports_limit", "Source ports that connections to one address and port can have (net.ipv4.ip_local_port_range, without the reserved ones). At the limit, upgrades go to another destination or are answered by 502.");

    /// <summary>Counts a connection until the caller decrements the returned gauge.</summary>
    public Gauge.Child Take(DnsEndPoint endPoint)
    {
        lock (_lock)
        {
            var used = Of(endPoint);
            used.Inc();
            return used;
        }
    }

    /// <summary>Usage and limit towards a destination's address; null if the limit is unknown.</summary>
    public SourcePortUse? UsageOf(string address)
    {
        if (EndPointOf(address) is not { } endPoint || SourcePortRange.Count() is not { } limit) return null;
        lock (_lock) return new SourcePortUse(_used.TryGetValue(endPoint, out var used) ? (int)used.Value : 0, limit);
    }

    /// <summary>Updates the metrics at each scrape, because the port range may change at any time.</summary>
    public void Update()
    {
        if (SourcePortRange.Count() is { } limit) _limit.Set(limit);
    }

    /// <summary>Sets the configured destinations.</summary>
    public void SetDestinations(IEnumerable<IProxyConfig> configs)
    {
        HashSet<DnsEndPoint> configured =
        [
            .. from config in configs
               from cluster in config.Clusters
               from destination in cluster.Destinations?.Values ?? []
               let endPoint = EndPointOf(destination.Address)
               where endPoint is not null
               select endPoint,
        ];
        lock (_lock)
        {
            foreach (var endPoint in configured) Of(endPoint);
            foreach (var (endPoint, used) in _used.Where(each => each.Value.Value == 0 && !configured.Contains(each.Key)).ToList())
            {
                _used.Remove(endPoint);
                used.Remove();
            }
        }
    }

    Gauge.Child Of(DnsEndPoint endPoint)
    {
        if (_used.TryGetValue(endPoint, out var known)) return known;
        var destination = new UriBuilder(Uri.UriSchemeHttp, endPoint.Host, endPoint.Port).Uri.GetLeftPart(UriPartial.Authority);
        return _used[endPoint] = _usedByDestination.WithLabels(destination);
    }

    static DnsEndPoint? EndPointOf(string destination) =>
        Uri.TryCreate(destination, UriKind.Absolute, out var address) && address is { IdnHost.Length: > 0, Port: > 0 } ? new DnsEndPoint(address.IdnHost, address.Port) : null;
}
