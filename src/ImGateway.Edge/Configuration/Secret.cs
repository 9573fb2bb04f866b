namespace ImGateway.Edge.Configuration;

/// <summary>A password that <c>ToString</c> does not print; <see cref="Reveal"/> returns the value.</summary>
public sealed class Secret(string value) : IEquatable<Secret>
{
    public string Reveal() => value;

    public override string ToString() => "***";

    public bool Equals(Secret? other) => other is not null && other.Reveal() == value;

    public override bool Equals(object? obj) => Equals(obj as Secret);

    public override int GetHashCode() => value.GetHashCode(StringComparison.Ordinal);
}
