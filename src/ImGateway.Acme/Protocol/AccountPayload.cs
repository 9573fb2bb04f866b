using System.Text.Json;

namespace ImGateway.Acme.Protocol;

static class AccountPayload
{
    public static void WriteContacts(Utf8JsonWriter json, IReadOnlyList<string> contacts)
    {
        json.WriteStartArray("contact");
        foreach (var contact in contacts) json.WriteStringValue(contact.Contains(':') ? contact : $"mailto:{contact}");
        json.WriteEndArray();
    }
}
