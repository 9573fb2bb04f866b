using ImGateway.Edge.Operations.Status;
using ImGateway.Edge.Proxying.Upstream;

namespace ImGateway.Edge.Operations.Doctor;

/// <summary>Checks whether there are enough source ports for connections to each gateway.</summary>
static class SourcePortCheck
{
    const string Check = "source ports";

    /// <summary>One connection for each of 5,000 users.</summary>
    const int Enough = 5_000;

    const string Remedy = "widen net.ipv4.ip_local_port_range, or list another address of the gateway in Edge:Upstreams";

    /// <param name="edge">The running edge's report; null if no edge is running.</param>
    public static IEnumerable<Finding> Run(ReadyStatus? edge)
    {
        if (SourcePortRange.Count() is not { } count) return [new(Check, FindingStatus.Warn, "this system does not report how many there are", $"see that {Enough} connections can be made")];
        var used = edge?.Upstreams.Where(upstream => upstream.Ports is not null).ToList() ?? [];
        return used.Count > 0
            ? used.Select(upstream => Of(upstream.Ports!.IsNearlyExhausted, $"{upstream.Ports.Used} of {upstream.Ports.Limit} source ports to {upstream.Address} are in use"))
            : [Of(count < Enough, $"{count} for connections to each address of a gateway")];
    }

    static Finding Of(bool isTooFew, string what) => isTooFew ? new(Check, FindingStatus.Warn, what, Remedy) : new(Check, FindingStatus.Ok, what);
}
