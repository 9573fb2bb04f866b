using System.Security.Cryptography;

namespace ImGateway.Edge.Certificates;

/// <summary>A PEM file of which a part cannot be read.</summary>
/// <param name="line">Where that part begins, counted from 1.</param>
/// <param name="what">What is wrong with it; nothing of what it holds, which may be a key.</param>
sealed class PemException(int line, string what) : CryptographicException($"line {line}: {what}");
