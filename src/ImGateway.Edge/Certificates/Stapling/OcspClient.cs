using System.Net;
using System.Net.Http.Headers;

namespace ImGateway.Edge.Certificates.Stapling;

/// <summary>Queries responders over HTTP (RFC 6960 appendix A, RFC 5019 §5), with bounds on time, bytes and redirects.</summary>
sealed class OcspClient : IDisposable
{
    const int MaxResponseBytes = 64 * 1024;
    const int MaxRedirects = 3;

    /// <summary>The longest GET request; above it, RFC 5019 §5 requires POST.</summary>
    const int MaxGetLength = 255;

    /// <summary>For one response.</summary>
    public static readonly TimeSpan DefaultTimeout = TimeSpan.FromSeconds(10);

    readonly TimeProvider _time;
    readonly TimeSpan _timeout;
    readonly IWebProxy _proxy;
    readonly HttpClient _http;

    public OcspClient(IWebProxy proxy, TimeProvider time, TimeSpan timeout)
    {
        (_time, _timeout, _proxy) = (time, timeout, proxy);
        // .NET follows redirects to http and https only, and never from https to http.
        var handler = new SocketsHttpHandler
        {
            MaxAutomaticRedirections = MaxRedirects,
            UseCookies = false,
            Proxy = proxy,
            ActivityHeadersPropagator = null,
            MaxResponseHeadersLength = 16,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
        };
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = MaxResponseBytes };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("imgw", productVersion: null));
        _http.DefaultRequestHeaders.Accept.Add(new MediaTypeWithQualityHeaderValue("application/ocsp-response"));
    }

    /// <summary>Returns the first verified response with status good or revoked.</summary>
    /// <exception cref="OcspException">No responder returned one; the message names each responder and its error.</exception>
    public async Task<OcspAnswer> AskAsync(OcspTarget target, CancellationToken cancellationToken)
    {
        List<string> problems = [];
        foreach (var responder in target.Responders)
        {
            try
            {
                var response = await SendAsync(responder, target.Id.ToRequest(), cancellationToken);
                var answer = OcspResponse.Read(response, target, _time.GetUtcNow());
                if (answer.Status is not OcspCertificateStatus.Unknown) return answer;
                problems.Add($"{responder.Authority} does not know the certificate");
            }
            catch (OcspException e)
            {
                problems.Add($"the answer of {responder.Authority} is not used: {e.Message}");
            }
            catch (HttpRequestException e)
            {
                problems.Add($"{responder.Authority}{Way(responder)}: {Reason(e)}");
            }
            catch (UriFormatException)
            {
                problems.Add($"{responder.Authority}: redirects to what is no address");
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                problems.Add($"{responder.Authority}{Way(responder)}: no answer within {_timeout.TotalSeconds:0.#} s");
            }
        }

        throw new OcspException(string.Join(" · ", problems));
    }

    public void Dispose() => _http.Dispose();

    async Task<byte[]> SendAsync(Uri responder, byte[] request, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_timeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        using var message = Request(responder, request);
        using var response = await _http.SendAsync(message, either.Token);
        if (response.StatusCode != HttpStatusCode.OK) throw new HttpRequestException($"HTTP status {(int)response.StatusCode}");
        return await response.Content.ReadAsByteArrayAsync(either.Token);
    }

    string Way(Uri responder) => _proxy.IsBypassed(responder) ? "" : $" through the proxy {_proxy.GetProxy(responder)?.Authority}";

    static HttpRequestMessage Request(Uri responder, byte[] request)
    {
        var get = $"{responder.AbsoluteUri.TrimEnd('/')}/{Uri.EscapeDataString(Convert.ToBase64String(request))}";
        if (get.Length <= MaxGetLength && responder.Query.Length == 0) return new HttpRequestMessage(HttpMethod.Get, get);
        var content = new ByteArrayContent(request);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/ocsp-request");
        return new HttpRequestMessage(HttpMethod.Post, responder) { Content = content };
    }

    static string Reason(HttpRequestException exception) => exception.HttpRequestError is HttpRequestError.ConfigurationLimitExceeded
        ? $"its answer is longer than {MaxResponseBytes / 1024} KiB"
        : exception.GetBaseException().Message.TrimEnd('.');
}
