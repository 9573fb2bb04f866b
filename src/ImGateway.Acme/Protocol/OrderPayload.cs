namespace ImGateway.Acme.Protocol;

static class OrderPayload
{
    public static byte[] Write(OrderRequest request) => Json.Write(json =>
    {
        json.WriteStartArray("identifiers");
        foreach (var identifier in request.Identifiers)
        {
            json.WriteStartObject();
            json.WriteString("type", identifier.Type);
            json.WriteString("value", identifier.Value);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        if (request.Profile is { } profile) json.WriteString("profile", profile);
        if (request.Replaces is { } replaces) json.WriteString("replaces", replaces);
        if (request.NotBefore is { } notBefore) json.WriteString("notBefore", notBefore);
        if (request.NotAfter is { } notAfter) json.WriteString("notAfter", notAfter);
    });
}
