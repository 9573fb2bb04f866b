namespace ImGateway.Testing;

/// <summary>http-01 (RFC 8555 §8.3). Redirects are not followed: an answer before any redirect is what is asked of the edge.</summary>
sealed class CaHttpValidation : IDisposable
{
    readonly HttpClient _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        PooledConnectionLifetime = TimeSpan.Zero,
    })
    {
        MaxResponseContentBufferSize = 64 * 1024,
    };

    public async Task ValidateAsync(
        CaIdentifier identifier, string token, string keyAuthorization, int port, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"http://127.0.0.1:{port}/.well-known/acme-challenge/{token}");
        request.Headers.Host = identifier.Value.Contains(':', StringComparison.Ordinal) ? $"[{identifier.Value}]" : identifier.Base;
        using var response = await _client.SendAsync(request, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new CaProblemException("unauthorized", $"Port {port} answers {(int)response.StatusCode} for {identifier.Value}.", 403);
        }

        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        if (body.TrimEnd() != keyAuthorization) throw new CaProblemException("unauthorized", "The key authorization is wrong.", 403);
    }

    public void Dispose() => _client.Dispose();
}
