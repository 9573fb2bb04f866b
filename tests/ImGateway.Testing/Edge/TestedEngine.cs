namespace ImGateway.Testing;

/// <summary>What an edge under test speaks TLS with.</summary>
public enum TestedEngine
{
    SslStream,

    Direct,

    /// <summary>BouncyCastle's, in a program of the tests (<c>tests/ImGateway.BouncyCastle</c>): no option of the product.</summary>
    BouncyCastle,
}
