using System.Net.Http.Headers;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace ImGateway.Acme.Protocol;

/// <summary>Sends requests to one CA, signed or unsigned, bounded in time and size. Every failure is an <see cref="AcmeException"/>.</summary>
sealed class AcmeTransport(AcmeServerOptions options) : IDisposable
{
    internal const int MaxBodyLength = 1 << 20;

    // Pebble can be configured to reject half of all valid nonces: twelve rejections in a row then occur once in 4096 requests, twenty once in a million.
    internal const int MaxNonceAttempts = 20;

    readonly HttpClient _http = CreateClient(options);
    readonly NoncePool _nonces = new();
    long _serverDateTicks;

    public AcmeServerOptions Options => options;

    /// <summary>The <c>Date</c> header of the last response.</summary>
    public DateTimeOffset? ServerDate =>
        Interlocked.Read(ref _serverDateTicks) is > 0 and var ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null;

    /// <summary>Set once the directory has been fetched.</summary>
    public Uri? NewNonce { get; set; }

    public async Task<AcmeResponse> GetAsync(string operation, Uri url, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, url);
        var response = await SendAsync(operation, request, cancellationToken);
        return response.IsSuccess ? response : throw response.Refusal();
    }

    /// <summary>Sends a signed request (RFC 8555 §6.2); signs it again with a new nonce while the CA answers <c>badNonce</c> (§6.5), up to a limit.</summary>
    /// <param name="operation">The operation's name in errors and metrics.</param>
    /// <param name="url">The URL of the request.</param>
    /// <param name="signer">The signer.</param>
    /// <param name="payload">Empty: POST-as-GET.</param>
    /// <param name="cancellationToken">Cancels the operation.</param>
    /// <param name="accept">The <c>Accept</c> header. Default any.</param>
    public async Task<AcmeResponse> PostAsync(
        string operation, Uri url, JwsSigner signer, ReadOnlyMemory<byte> payload, CancellationToken cancellationToken, string? accept = null)
    {
        var nonce = _nonces.Take();
        for (var attempt = 1; ; attempt++)
        {
            nonce ??= await FetchNonceAsync(cancellationToken);
            using var request = new HttpRequestMessage(HttpMethod.Post, url);
            request.Content = new ByteArrayContent(JsonWebSignature.Sign(signer, url, nonce, payload.Span));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/jose+json");
            if (accept is not null) request.Headers.TryAddWithoutValidation("Accept", accept);

            var response = await SendAsync(operation, request, cancellationToken);
            if (!response.IsSuccess && response.Problem?.Type == "badNonce" && attempt < MaxNonceAttempts)
            {
                nonce = response.Nonce;
                continue;
            }

            _nonces.Put(response.Nonce);
            return response.IsSuccess ? response : throw response.Refusal();
        }
    }

    public void Dispose() => _http.Dispose();

    async Task<string> FetchNonceAsync(CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Head, NewNonce);
        var response = await SendAsync("newNonce", request, cancellationToken);
        if (!response.IsSuccess) throw response.Refusal();
        return response.Nonce ?? throw response.Failure("no usable Replay-Nonce");
    }

    async Task<AcmeResponse> SendAsync(string operation, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var url = request.RequestUri!;
        var started = options.Time.GetTimestamp();
        using var timeout = new CancellationTokenSource(options.RequestTimeout, options.Time);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            using var message = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var body = await ReadBoundedAsync(message.Content, limit.Token)
                ?? throw new AcmeException(operation, url.Host, $"the CA's answer is longer than {MaxBodyLength} bytes");
            var response = Read(operation, url, message, body);
            Report(response.IsSuccess ? null : response.Problem?.Label ?? "http", response.Status);
            return response;
        }
        catch (AcmeException)
        {
            Report("http", status: null);
            throw;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            Report("timeout", status: null);
            throw new AcmeException(
                operation, url.Host, $"no whole answer within {options.RequestTimeout.TotalSeconds:0.#} s", isTransient: true, innerException: e);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            Report("network", status: null);
            throw NetworkFailure(operation, url, e);
        }

        void Report(string? problem, int? status) =>
            options.OnRequest?.Invoke(new AcmeRequestOutcome(operation, url.Host, problem, status, options.Time.GetElapsedTime(started)));
    }

    AcmeResponse Read(string operation, Uri url, HttpResponseMessage response, byte[] body)
    {
        if (response.Headers.Date is { } date) Interlocked.Exchange(ref _serverDateTicks, date.UtcTicks);
        var location = Values(response, "Location").FirstOrDefault();
        var nonce = Values(response, "Replay-Nonce").FirstOrDefault();
        var retry = Values(response, "Retry-After").FirstOrDefault();
        return new AcmeResponse(operation, url, (int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, body)
        {
            Nonce = nonce is not null && AcmeToken.IsUsable(nonce) ? nonce : null,
            Location = location is null ? null : CaUrl.Parse(location, relativeTo: url),
            RetryAfter = RetryAfter.Parse(retry, response.Headers.Date ?? options.Time.GetUtcNow(), options.MaxRetryAfter),
            Alternates = LinkHeader.Find(Values(response, "Link"), "alternate", relativeTo: url),
            Help = LinkHeader.Find(Values(response, "Link"), "help", relativeTo: url) is [var help, ..] ? help : null,
        };
    }

    AcmeException NetworkFailure(string operation, Uri url, Exception e)
    {
        var way = options.Proxy?.IsBypassed(url) is false ? $" through the proxy {options.Proxy.GetProxy(url)?.Authority}" : "";
        // An untrusted certificate needs a change by the operator, so a retry is useless. (A failed handshake has an inner exception.)
        return e.InnerException is AuthenticationException { InnerException: null } untrusted
            ? new AcmeException(operation, url.Host, $"the CA's own HTTPS certificate is not trusted: {CaText.Clean(untrusted.Message)}", innerException: e)
            : new AcmeException(operation, url.Host, $"the CA cannot be reached{way}: {CaText.Clean(e.Message)}", isTransient: true, innerException: e);
    }

    static IEnumerable<string> Values(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) ? values : [];

    /// <returns>Null if the body is too long.</returns>
    static async Task<byte[]?> ReadBoundedAsync(HttpContent content, CancellationToken cancellationToken)
    {
        if (content.Headers.ContentLength > MaxBodyLength) return null;
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        using var body = new MemoryStream();
        var buffer = new byte[16 * 1024];
        while (await stream.ReadAsync(buffer, cancellationToken) is > 0 and var count)
        {
            if (body.Length + count > MaxBodyLength) return null;
            body.Write(buffer, 0, count);
        }

        return body.ToArray();
    }

    static HttpClient CreateClient(AcmeServerOptions options)
    {
        var http = new HttpClient(options.Handler ?? CreateHandler(options), disposeHandler: options.Handler is null)
        {
            // Each request has its own time-out, on the injected clock.
            Timeout = Timeout.InfiniteTimeSpan,
        };
        http.DefaultRequestHeaders.TryAddWithoutValidation("User-Agent", options.UserAgent);
        http.DefaultRequestHeaders.TryAddWithoutValidation("Accept-Language", "en");
        return http;
    }

    static SocketsHttpHandler CreateHandler(AcmeServerOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = options.Proxy is not null,
            Proxy = options.Proxy,
            MaxResponseHeadersLength = 32,
            MaxResponseDrainSize = 0,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        };
        if (options.TrustedRoots is { } roots)
        {
            handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust,
                RevocationMode = X509RevocationMode.NoCheck,
                DisableCertificateDownloads = true,
            };
            handler.SslOptions.CertificateChainPolicy.CustomTrustStore.AddRange(roots);
        }

        return handler;
    }
}
