using Microsoft.Extensions.Primitives;

namespace ImGateway.Edge.Proxying;

/// <summary>
/// What the upstream sees: the request's own headers, edited in place before YARP copies them. What only the edge may say is removed in
/// every spelling first, so that nothing a client sends, names in Connection or misspells can pass for it.
/// </summary>
sealed class UpstreamRequest(ClientAddress addresses)
{
    /// <returns>Why it cannot be forwarded, or null.</returns>
    /// <param name="context">Of the request to edit.</param>
    /// <param name="listener">Of its connection.</param>
    public Refusal? Prepare(HttpContext context, ListenerFeature listener)
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
        if (traceParent.Count != 1 || !TraceParent.IsValid(traceParent))
        {
            headers.TraceParent = TraceParent.Start();
            headers.Remove("tracestate");
        }

        return null;
    }

    /// <summary>What Connection names is meant for the edge alone.</summary>
    static void RemoveNominated(IHeaderDictionary headers)
    {
        var connection = headers.Connection;
        if (connection.Count == 0 || (connection.Count == 1 && connection[0] is "keep-alive" or "Upgrade" or "close")) return;
        foreach (var value in connection) Nominated.Remove(value, headers);
    }

    /// <summary>False if one is malformed: looked at here because each header is looked at only once.</summary>
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

    /// <summary>Names with an underscore are how some servers spell names with a dash.</summary>
    static bool IsForeign(string name)
    {
        if (name.Contains('_')) return true;
        if (name is ['F' or 'f', ..]) return name.Equals("Forwarded", StringComparison.OrdinalIgnoreCase);
        // Becomes HTTP_PROXY in CGI's environment, by which programs choose their proxy (CVE-2016-5385).
        if (name is ['P' or 'p', ..]) return name.Equals("Proxy", StringComparison.OrdinalIgnoreCase);
        return name is ['X' or 'x', '-', ..]
            && (name.StartsWith("X-Forwarded", StringComparison.OrdinalIgnoreCase)
                || name.StartsWith("X-Original-", StringComparison.OrdinalIgnoreCase)
                || name.Equals("X-Real-IP", StringComparison.OrdinalIgnoreCase)
                || name.Equals("X-Rewrite-URL", StringComparison.OrdinalIgnoreCase));
    }
}
