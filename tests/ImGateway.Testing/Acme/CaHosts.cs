using System.Buffers.Text;
using System.Text.Json;

namespace ImGateway.Testing;

/// <summary>Which names a request is about, for the records.</summary>
static class CaHosts
{
    public static IReadOnlyList<string> Of(CaState state, CaCall call) => call.Operation switch
    {
        CaOperation.NewOrder when call.Payload is { } payload => Ordered(payload),
        CaOperation.Order or CaOperation.Finalize when state.Orders.TryGetValue(call.Id, out var order) =>
            [.. order.Identifiers.Select(identifier => identifier.Value)],
        CaOperation.Authorization when state.Authorizations.TryGetValue(call.Id, out var authorization) => [authorization.Identifier.Value],
        CaOperation.Challenge when state.Challenges.TryGetValue(call.Id, out var challenge) => [challenge.Authorization.Identifier.Value],
        CaOperation.Certificate when state.Certificates.TryGetValue(call.Id, out var certificate) => certificate.Hosts,
        CaOperation.RevokeCertificate when call.Payload is { } payload && payload.TryGetProperty("certificate", out var der) =>
            state.Certificates.Values.FirstOrDefault(certificate => Base64Url.EncodeToString(certificate.Leaf.RawDataMemory.Span) == der.GetString())?.Hosts ?? [],
        CaOperation.RenewalInfo => state.Certificates.Values.FirstOrDefault(certificate => certificate.RenewalId == call.Id)?.Hosts ?? [],
        _ => [],
    };

    static IReadOnlyList<string> Ordered(JsonElement payload) =>
        payload.TryGetProperty("identifiers", out var identifiers) && identifiers.ValueKind == JsonValueKind.Array
            ? [.. identifiers.EnumerateArray().Select(identifier => identifier.GetProperty("value").GetString() ?? "")]
            : [];
}
