using ImGateway.Edge.Proxying.Checks;
using Microsoft.Extensions.Primitives;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// Prepares the request's headers for the upstream, in place, before YARP copies them. Headers that only the edge may set are removed in
/// every spelling first, so that a client cannot forge them.
/// </summary>
sealed class UpstreamRequestHeaders(ClientAddress addresses)
{
    /// <returns>The refusal of a malformed request, or null.</returns>
    /// <param name="context">The request to edit.</param>
    /// <param name="listener">The feature of its connection.</param>
    public Refusal? Prepare(HttpContext context, ConnectionFactsFeature listener)
    {
        var headers = context.Request.Headers;
        var hops = addresses.Of(context, listener);
        RemoveNominated(headers);
        if (!TryRemoveForeign(headers)) return Refusal.BadMessage;
        headers["X-Real-IP"] = hops.Client;
        headers["X-Forwarded-For"] = hops.Chain;
        headers["X-Forwarded-Proto"] = "https";
        headers["X-Forwarded-Host"] = headers.Host;
        var traceParent = headers.TraceParent;
        if (traceParent.Count != 1 || !TraceParent.TryParse(traceParent, out _))
        {
            headers.TraceParent = TraceParent.Start();
            headers.Remove("tracestate");
        }

        return null;
    }

    /// <summary>Removes the fields that Connection names, which are for this hop only.</summary>
    static void RemoveNominated(IHeaderDictionary headers)
    {
        var connection = headers.Connection;
        if (connection.Count == 0 || (connection.Count == 1 && connection[0] is "keep-alive" or "Upgrade" or "close")) return;
        foreach (var value in connection) HopByHopHeaders.Remove(value, headers);
    }

    /// <summary>False if a header is malformed; checked here so that the headers are enumerated only once.</summary>
    static bool TryRemoveForeign(IHeaderDictionary headers)
    {
        List<string>? foreign = null;
        foreach (KeyValuePair<string, StringValues> header in headers)
        {
            if (!MessageCheck.IsField(header.Key, header.Value)) return false;
            if (IsForeign(header.Key)) (foreign ??= []).Add(header.Key);
        }

        if (foreign is null) return true;
        foreach (var name in foreign) headers.Remove(name);
        return true;
    }

    /// <summary>Names with underscores are removed, because some servers treat them like names with dashes.</summary>
    static bool IsForeign(string name)
    {
        if (name.Contains('_')) return true;
        if (name is ['F' or 'f', ..]) return name.Equals("Forwarded", StringComparison.OrdinalIgnoreCase);
        // Proxy would become HTTP_PROXY in a CGI environment, which programs use as their proxy (CVE-2016-5385).
        if (name is ['P' or 'p', ..]) return name.Equals("Proxy", StringComparison.OrdinalIgnoreCase);
        return name is ['X' or 'x', '-', ..]
            && (name.StartsWith("X-Forwarded", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("X-Original-", StringComparison.OrdinalIgnoreCase)
                || name.Equals("X-Real-IP", StringComparison.OrdinalIgnoreCase)
                || name.Equals("X-Rewrite-URL", StringComparison.OrdinalIgnoreCase));
    }
}
