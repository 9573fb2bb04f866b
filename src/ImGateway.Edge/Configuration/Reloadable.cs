namespace ImGateway.Edge.Configuration;

/// <summary>A value in force until a reload replaces it by one volatile write.</summary>
sealed class Reloadable<T>(T value)
    where T : class
{
    volatile T _value = value;

    public T Value => _value;

    public void Replace(T value) => _value = value;
}
