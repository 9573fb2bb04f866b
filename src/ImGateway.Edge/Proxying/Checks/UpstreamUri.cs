namespace ImGateway.Edge.Proxying.Checks;

/// <summary>The upstream URI of a request, cached on the connection for clients that poll.</summary>
sealed record UpstreamUri(string Prefix, string Target, Uri Uri);
