namespace ImGateway.Edge.Tls;

/// <summary>Fatal alerts as records of TLS 1.2, which every version understands before a server hello (RFC 8446 §5.1, §6).</summary>
static class TlsAlerts
{
    public static readonly ReadOnlyMemory<byte> DecodeError = Fatal(50), ProtocolVersion = Fatal(70), InternalError = Fatal(80), UnrecognizedName = Fatal(112),
        NoApplicationProtocol = Fatal(120);

    static ReadOnlyMemory<byte> Fatal(byte description) => new byte[] { 0x15, 0x03, 0x03, 0x00, 0x02, 0x02, description };
}
