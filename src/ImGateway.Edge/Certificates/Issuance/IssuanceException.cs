using System.Net.Sockets;
using System.Security.Authentication;
using ImGateway.Acme;

namespace ImGateway.Edge.Certificates.Issuance;

/// <summary>Why issuance failed, in one line: operation, CA, problem, remedy. Contains no secrets.</summary>
sealed class IssuanceException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>The CA's Retry-After.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The end of the message that must be kept when the message is truncated; null if there is none.</summary>
    public string? Remedy { get; init; }

    /// <summary>The CA has issued a certificate, or may still do so: the order counts against its limits.</summary>
    public bool MayHaveIssued { get; init; }

    /// <summary>Adds the remedy to an error of the CA or of the connection to it.</summary>
    /// <param name="challenge">The type of the failed challenge, if any.</param>
    public static IssuanceException Of(AcmeException e, bool mayHaveIssued, string? challenge = null)
    {
        var remedy = RemedyOf(e, challenge);
        return new($"{e.Message}; {remedy}", e) { RetryAfter = e.RetryAfter, MayHaveIssued = mayHaveIssued, Remedy = remedy };
    }

    static string RemedyOf(AcmeException e, string? challenge) => e.Problem?.Type switch
    {
        "dns" => "let the name's A and AAAA records point to this edge",
        "connection" or "tls" when challenge is "tls-alpn-01" => "port 443 of the name has to reach this edge from the CA",
        "connection" => "port 80 of the name has to reach this edge from the CA",
        "unauthorized" or "incorrectResponse" when challenge is not null => "something else answered for the name: let its DNS records point to this edge",
        "caa" => "allow this CA in the name's CAA records",
        "rateLimited" when e.Problem.Link is { } link =>
            $"it is tried again in time; if the CA has paused the name, open {link.AbsoluteUri} and do what it says",
        "rateLimited" => "nothing to do: it is tried again in time",
        "rejectedIdentifier" or "unsupportedIdentifier" => "this CA does not issue for that name; name another CA in Edge:Acme:Directory, or remove the host",
        "externalAccountRequired" => "set Edge:Acme:ExternalAccount:KeyId and HmacKeyFile to what the CA gave you",
        "userActionRequired" when e.Problem.Link is { } link => $"the CA wants something of its customer: open {link.AbsoluteUri} and do what it says",
        "userActionRequired" => "the CA wants something of its customer: follow what it says",
        "invalidContact" or "unsupportedContact" => "correct Edge:Acme:Email",
        "invalidProfile" => "correct Edge:Acme:Profile",
        not null when e.Operation == "newAccount" => "check Edge:Acme:ExternalAccount (KeyId and HmacKeyFile) and Email",
        null when Has<AuthenticationException>(e) => "if it is a private CA, name the root of its HTTPS in Edge:Acme:TrustedRootsFile; also check this machine's clock",
        null when e.InnerException is HttpRequestException { HttpRequestError: HttpRequestError.ProxyTunnelError } =>
            "have the proxy let this machine connect to the CA, or correct Edge:OutgoingProxy (user and password too), else HTTPS_PROXY",
        null when Has<SocketException>(e) => "check this machine's network, its DNS, and Edge:Acme:Directory",
        not null when challenge is not null => "see that the name's A and AAAA records point to this edge, and that the CA reaches it",
        _ => "it is tried again",
    };

    static bool Has<T>(Exception e)
        where T : Exception
    {
        for (var inner = e.InnerException; inner is not null; inner = inner.InnerException)
        {
            if (inner is T) return true;
        }

        return false;
    }
}
