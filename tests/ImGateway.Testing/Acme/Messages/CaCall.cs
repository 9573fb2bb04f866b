using System.Text.Json;

namespace ImGateway.Testing;

/// <summary>One request: where it goes, and once its signature was checked, who it is from.</summary>
sealed class CaCall(CaOperation operation, string method, string id, string action)
{
    public CaOperation Operation => operation;

    public string Method => method;

    /// <summary>The path's second segment.</summary>
    public string Id => id;

    /// <summary>The path's third segment: alternate, orders.</summary>
    public string Action => action;

    public CaFault? Fault { get; set; }

    public IReadOnlyList<string> Hosts { get; set; } = [];

    /// <summary>Null for a message signed by a key that it carries itself.</summary>
    public CaAccount? Account { get; set; }

    public Jwk? Key { get; set; }

    public JsonElement? Payload { get; set; }

    public string Url { get; set; } = "";

    public bool IsSigned => operation is not (CaOperation.Directory or CaOperation.NewNonce or CaOperation.RenewalInfo);

    public CaAccount RequiredAccount => Account ?? throw CaProblemException.Malformed("This message is signed by an account's kid.");

    public JsonElement RequiredPayload => Payload ?? throw CaProblemException.Malformed("A payload is missing.");

    public void RequirePostAsGet()
    {
        if (Payload is not null) throw CaProblemException.Malformed("POST-as-GET has an empty payload (RFC 8555 §6.3).");
    }

    public static CaCall? Route(string method, string path)
    {
        var parts = path.Trim('/').Split('/');
        CaOperation? operation = (method, parts[0], parts.Length) switch
        {
            ("GET", "directory", 1) => CaOperation.Directory,
            ("GET" or "HEAD", "new-nonce", 1) => CaOperation.NewNonce,
            ("GET", "renewal-info", 2) => CaOperation.RenewalInfo,
            ("POST", "new-account", 1) => CaOperation.NewAccount,
            ("POST", "account", 2) => CaOperation.Account,
            ("POST", "account", 3) when parts[2] == "orders" => CaOperation.Account,
            ("POST", "new-order", 1) => CaOperation.NewOrder,
            ("POST", "order", 2) => CaOperation.Order,
            ("POST", "order", 3) when parts[2] == "finalize" => CaOperation.Finalize,
            ("POST", "authorization", 2) => CaOperation.Authorization,
            ("POST", "challenge", 2) => CaOperation.Challenge,
            ("POST", "certificate", 2) => CaOperation.Certificate,
            ("POST", "certificate", 3) when parts[2] == "alternate" => CaOperation.Certificate,
            ("POST", "revoke-certificate", 1) => CaOperation.RevokeCertificate,
            ("POST", "key-change", 1) => CaOperation.KeyChange,
            _ => null,
        };
        return operation is null ? null : new CaCall(operation.Value, method, parts.ElementAtOrDefault(1) ?? "", parts.ElementAtOrDefault(2) ?? "");
    }
}
