
namespace ImGateway.Testing;

/// <summary>What a request to a <see cref="ScriptableCa"/> asks for.</summary>
public enum CaOperation
{
    Directory,
    NewNonce,
    NewAccount,
    Account,
    NewOrder,
    Order,
    Authorization,
    Challenge,
    Finalize,
    Certificate,
    RevokeCertificate,
    KeyChange,
    RenewalInfo,
}

/// <summary>One request as the CA saw it. <paramref name="Problem"/> is the type without its prefix, "dropped" for a cut connection.</summary>
public sealed record CaRequest(
    CaOperation Operation, IReadOnlyList<string> Hosts, DateTimeOffset Time, int Status, string? Problem);
